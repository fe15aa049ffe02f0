// Applications through the whole runtime: who sees what, what is remembered for whom, and that a
// server that is killed at any of its stages goes on from there.

import { afterEach, describe, expect, it } from "vitest";
import { accountId, loanId, requestTimeMs } from "../../actors/address.ts";
import { OUTCOMES_KEPT_MAX } from "../../actors/outcome-rows.ts";
import { replayShard } from "../../src/runtime/replay.ts";
import { cellHashes } from "../../src/runtime/state-hash.ts";
import { codec, requestId, World, type Draft } from "../support/world.ts";

let world: World;
afterEach(async () => world.stop());

const WANTED = { purpose: "a kiln", method: "bullet", term: 12, rateBps: 900 };
const ASKED = { amountCents: 500_00, ...WANTED };
const REVIEW = {
  verdict: "approve",
  grade: "B",
  rateBps: 1_080,
  basisDays: null,
  originationFeeBps: 150,
  serviceFeeBps: 1_000,
  earlyFeeBps: null,
  graceDays: 3,
  penaltyPpm: 500,
  reason: null,
};
const DOCUMENT = {
  name: "bank",
  mediaType: "application/pdf",
  sizeBytes: 9,
  documentHash: "a".repeat(64),
};

async function start(shards: number): Promise<void> {
  world = await new World(shards, { journalKeep: "all", checkpointMs: 1, idleMs: 5 }).start();
  for (const id of ["bob", "eve"])
    await world.ask({ type: "OpenAccount", accountId: accountId(id) });
}

const create = (id = "kiln", self = "bob") => {
  return world.ask({ type: "CreateApplication", loanId: loanId(id), ...ASKED }, self);
};
const own = (draft: Draft, by = "bob") => {
  return world.ask({ loanId: loanId("kiln"), by: accountId(by), ...draft }, by);
};
const staff = (by: string, draft: Draft) => {
  return world.ask({ loanId: loanId("kiln"), by: accountId(by), ...draft });
};
const decide = (proposal: number, answer = "confirm") => {
  return staff("sam", { type: "DecideReview", proposal, answer, reason: null });
};
const get = (self: string | null) => {
  return world.ask({ type: "GetApplication", loanId: loanId("kiln") }, self);
};
const queue = (stage: string | null = null) => {
  return world.ask({ type: "GetApplicationQueue", stage });
};
const publish = () => {
  const listing = { stepCents: 1_00, minBidCents: 100_00, lenderCapCents: null, opensAtMs: null };
  const closesAtMs = world.nowMs + 60_000;
  const more = { closesAtMs, cancellable: true, disbursesAtOnce: null };
  return staff("ops", { type: "PublishLoan", ...listing, ...more });
};

async function sign() {
  const contract = await world.ask({ type: "GetContract", loanId: loanId("kiln") }, "bob");
  const view = contract.type === "Read" ? contract.view : {};
  const contractHash = "contractHash" in view ? view.contractHash : null;
  return own({ type: "SignContract", contractHash });
}

/** The way of an application to the listing, a step at a time. */
const STEPS: readonly (readonly [status: string, step: () => Promise<unknown>])[] = [
  ["draft", () => create()],
  ["draft", () => own({ type: "UpdateApplication", ...ASKED, term: 24 })],
  ["draft", () => own({ type: "AttachDocument", ...DOCUMENT })],
  ["submitted", () => own({ type: "SubmitApplication" })],
  ["proposed", () => staff("rita", { type: "ProposeReview", ...REVIEW })],
  ["submitted", () => decide(1, "return")],
  ["proposed", () => staff("rita", { type: "ProposeReview", ...REVIEW, rateBps: 990 })],
  ["approved", () => decide(2)],
  ["signed", sign],
  ["listed", publish],
];

async function settled(): Promise<void> {
  await world.until(() =>
    world.stores.every((_, shard) => {
      const run = world.system.shard(shard).run;
      const linked = run?.state.links.every((link) => link.outbox.length === 0);
      return run?.isSettled === true && linked === true && run.state.pending.size === 0;
    }),
  );
}

/** What is resident equals what a replay of the whole journal gives. */
async function compareWithReplay(): Promise<void> {
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  for (const [shard] of world.stores.entries()) {
    const journal = world.journals[shard]!;
    const source = {
      snapshots: { ...journal.snapshots, read: async () => Promise.resolve(null) },
      read: () => journal.read(null),
    };
    const full = await replayShard(source, shard, world.stores.length, codec, silent);
    const { queue } = world.system.shard(shard).run!.state;
    expect(queue.toSnapshot()).toEqual(full.state.queue.toSnapshot());
    const expected = cellHashes(full.cells.all());
    for (const [key, hash] of cellHashes(world.system.shard(shard).run!.cells.all())) {
      expect(`${key} ${hash}`).toBe(`${key} ${expected.get(key)}`);
    }
  }
}

describe.each([1, 4])("Applications with %i shards", (shards) => {
  it("are where they were after a crash at any stage, and end as a listing", async () => {
    await start(shards);
    for (const [status, step] of STEPS) {
      expect(await step()).not.toMatchObject({ type: "Refused" });
      await settled();
      await compareWithReplay();
      await world.crash();
      expect(await get("bob")).toMatchObject({ type: "Read", view: { status } });
      const isWaiting = ["submitted", "proposed", "signed"].includes(status);
      expect(await queue()).toMatchObject({
        view: { applications: isWaiting ? [{ loanId: "kiln", stage: status }] : [] },
      });
    }
    const loan = await world.ask({ type: "GetLoan", loanId: loanId("kiln") });
    const terms = { principalCents: 500_00, term: 24, rateBps: 990, grade: "B" };
    expect(loan).toMatchObject({ view: { status: "listed", borrowerId: "bob", ...terms } });
    const open = await world.ask({ type: "ListApplications", accountId: accountId("bob") });
    expect(open).toMatchObject({ view: { loanIds: [] } });
    // The contract stays readable, and bids are taken.
    expect(await world.ask({ type: "GetContract", loanId: loanId("kiln") }, "bob")).toMatchObject({
      view: { contractVersion: 1 },
    });
    await world.openWithMoney("ann", 500_00);
    const bid = await world.answered(world.bid("ann", "kiln", 500_00).request);
    expect(bid).toMatchObject({ type: "BidPlaced", remainingCents: 0 });
  });

  it("wait for the staff in one queue, the oldest first, and leave it when nobody has to act", async () => {
    await start(shards);
    const names = Array.from({ length: 103 }, (_, at) => `kiln-${at}`);
    for (const [at, name] of names.entries()) {
      const borrower = `borrower-${Math.floor(at / 10)}`;
      await world.ask({ type: "OpenAccount", accountId: accountId(borrower) });
      world.nowMs += 1_000;
      await create(name, borrower);
      await own({ type: "SubmitApplication", loanId: loanId(name) }, borrower);
    }
    await staff("rita", { type: "ProposeReview", ...REVIEW, loanId: loanId("kiln-1") });
    await own({ type: "WithdrawApplication", loanId: loanId("kiln-2") }, "borrower-0");
    const all = await queue();
    expect(all).toMatchObject({ view: { submitted: 101, proposed: 1, signed: 0 } });
    const rows = all.type === "Read" && "applications" in all.view ? all.view.applications : [];
    expect(rows.length).toBe(100);
    expect(rows.slice(0, 3).map((row) => row.loanId)).toEqual(["kiln-0", "kiln-3", "kiln-4"]);
    const sinces = rows.map((row) => row.sinceMs);
    expect(sinces).toEqual(sinces.toSorted((a, b) => a - b));
    expect(await queue("proposed")).toMatchObject({
      view: { submitted: 101, applications: [{ loanId: "kiln-1", stage: "proposed" }] },
    });
    await world.crash();
    expect(await queue()).toEqual(all);
  });

  it("answer a stranger exactly as if they were not there", async () => {
    await start(shards);
    await create();
    // Nothing of the application itself is under way any more, between shards neither.
    await settled();
    const old = { requestId: requestId(1), fingerprint: 5 };
    const asked: Draft[] = [
      { type: "GetApplication" },
      { type: "GetDocument", documentNo: 1 },
      { type: "GetContract" },
      { type: "UpdateApplication", ...ASKED },
      { type: "AttachDocument", ...DOCUMENT },
      { type: "SubmitApplication", ...old },
      { type: "WithdrawApplication" },
      { type: "SignContract", contractHash: "a".repeat(64) },
    ];
    const hidden = { type: "Refused", code: "application_not_found" };
    const before = world.stores.map(({ entries }) => entries.length);
    for (const draft of asked) {
      for (const id of ["kiln", "nothing"]) {
        const command = { by: accountId("eve"), ...draft, loanId: loanId(id) };
        expect([draft.type, id, await world.ask(command, "eve")]).toEqual([draft.type, id, hidden]);
      }
    }
    const market = { type: "Refused", code: "loan_not_found" };
    for (const type of ["GetLoan", "WatchLoan", "GetLoanSchedule"] as const) {
      expect(await world.ask({ type, loanId: loanId("kiln"), after: null }, "eve")).toEqual(market);
    }
    // Nor does any of it leave a trace in the journal.
    expect(world.stores.map(({ entries }) => entries.length)).toEqual(before);
  });

  it("are declined where the name is taken, and forgotten by the account", async () => {
    await start(shards);
    await create("kiln", "bob");
    expect(await create("kiln", "eve")).toEqual({ type: "Refused", code: "loan_exists" });
    const open = await world.ask({ type: "ListApplications", accountId: null }, "eve");
    expect(open).toMatchObject({ view: { loanIds: [] } });
    const bobs = await world.ask({ type: "ListApplications", accountId: null }, "bob");
    expect(bobs).toMatchObject({ view: { loanIds: ["kiln"] } });
  });

  it("give a repeat its first outcome, the borrower's and the staff's", async () => {
    await start(shards);
    await create();
    const submit = { type: "SubmitApplication", requestId: requestId(world.nowMs) } as const;
    const first = { type: "ApplicationChanged", status: "submitted" };
    expect(await own(submit)).toEqual(first);
    const propose = {
      type: "ProposeReview",
      ...REVIEW,
      requestId: requestId(world.nowMs),
    } as const;
    expect(await staff("rita", propose)).toEqual({ type: "ReviewProposed", proposal: 1 });
    await world.crash();
    expect(await own(submit)).toEqual(first);
    expect(await staff("rita", propose)).toEqual({ type: "ReviewProposed", proposal: 1 });
    const reused = { ...submit, fingerprint: 99 };
    expect(await own(reused)).toEqual({ type: "Refused", code: "request_id_reused" });
  });

  it("let no borrower push a request of the staff out of what is remembered", async () => {
    await start(shards);
    await create();
    await own({ type: "SubmitApplication" });
    const propose = {
      type: "ProposeReview",
      ...REVIEW,
      requestId: requestId(world.nowMs),
    } as const;
    await staff("rita", propose);
    // From a thousand years ahead: refused, and not remembered, however many.
    const farMs = world.nowMs + 1_000 * 31_557_600_000;
    const far = await own({ type: "SubmitApplication", requestId: requestId(farMs) });
    expect(far).toMatchObject({ code: "request_id_ahead", retryAfterMs: farMs - world.nowMs });
    // More than are kept, all refused, with ids from as far ahead as may be.
    const future = world.nowMs + 50_000;
    for (let n = 0; n < OUTCOMES_KEPT_MAX * 2; n++) {
      const id = requestId(future + n);
      expect(requestTimeMs(id)).toBeGreaterThan(world.nowMs);
      const refused = await own({ type: "SubmitApplication", requestId: id });
      expect(refused).toMatchObject({ code: "application_not_draft" });
    }
    expect(await own({ type: "WithdrawApplication" })).toMatchObject({
      code: "request_id_too_old",
    });
    expect(await staff("rita", propose)).toEqual({ type: "ReviewProposed", proposal: 1 });
    expect(await decide(1)).toEqual({ type: "ApplicationChanged", status: "approved" });
  });
});
