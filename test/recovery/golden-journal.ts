// Golden journals: batches as a released version wrote them. Every later version must read them to
// the same actors. Run with GOLDEN=write to make the file of a new version. Of an old file only
// `states` may ever change, and only because a state has another form: GOLDEN=states writes them
// anew where the views, which nothing rewrites, still hold.

import { createHash } from "node:crypto";
import { accountId, loanId, parseRequestId } from "../../actors/address.ts";
import { cellHashes } from "../../src/runtime/state-hash.ts";
import { replayShard } from "../../src/runtime/replay.ts";
import { codec, World } from "../support/world.ts";
import { actorViews, type ActorViews } from "./actor-views.ts";

export interface GoldenJournal {
  readonly version: string;
  /** Batches in order, base64. */
  readonly batches: readonly string[];
  readonly records: number;
  /** What that version said of each actor: later ones may say more, and nothing else. */
  readonly views: ActorViews;
  /** SHA-256 of each actor's whole state, as the present version stores it. */
  readonly states: Readonly<Record<string, string>>;
  readonly trialBalance: Readonly<Record<string, string>>;
}

let requests = 0;
export function stamp() {
  const tail = (++requests).toString(16).padStart(12, "0");
  return { requestId: parseRequestId(`018bcfe5-6800-7000-8000-${tail}`)!, fingerprint: requests };
}

type PlaceBid = (lender: string, loan: string, amountCents: number) => Promise<unknown>;

/** A loan that is paid out at once, repaid in every way, and one that is never repaid. */
async function repaid(world: World, bid: PlaceBid): Promise<void> {
  const terms = { disbursesAtOnce: true, rateBps: 900, term: 6, serviceFeeBps: 500 };
  const fees = { penaltyPpm: 400, originationFeeBps: 200, earlyFeeBps: 100, graceDays: 2 };
  for (const id of ["debt", "bad"]) {
    const more = { ...terms, ...fees, ...stamp(), principalCents: 300_00 };
    await world.listLoan(id, { ...more, borrowerId: accountId(`${id}or`) });
    await bid("ben", id, 200_00);
    await bid("cora", id, 100_00);
  }
  const repay = async (amountCents: number, mode: string) => {
    const command = { type: "RepayLoan", loanId: loanId("debt"), amountCents, mode } as const;
    await world.ask({ ...command, ...stamp() }, "debtor");
  };
  const deposit = { accountId: accountId("debtor"), amountCents: 600_00, reference: "r-debtor" };
  await world.ask({ type: "Deposit", ...deposit, ...stamp() });
  // Who owes the bad loan has lent the money on.
  await world.listLoan("sink", { ...stamp(), borrowerId: accountId("sinker") });
  await bid("bador", "sink", 294_00);
  // The day of the golden journals is that of its clock: 14 November 2023.
  const day = world.system.businessDay;
  await repay(10_00, "due");
  await repay(20_00, "early_keep_term");
  await world.system.advanceTo(day + 31);
  await repay(30_00, "early_keep_instalment");
  await world.system.advanceTo(day + 130);
  await repay(299_00, "early_full");
  await world.system.advanceTo(day + 140);
}

/** What is in default is written off at the second proposal; a part of it comes back afterwards. */
async function writtenOff(world: World): Promise<void> {
  type Asked = Parameters<World["ask"]>[0];
  const of = (by: string, asked: Asked) => {
    return world.ask({ loanId: loanId("bad"), by: accountId(by), ...asked, ...stamp() });
  };
  const decide = (proposal: number, answer: string) => {
    return of("otto", { type: "DecideWriteOff", proposal, answer, reason: null });
  };
  await of("oda", { type: "ProposeWriteOff", reason: "no answer" });
  await decide(1, "return");
  await of("oda", { type: "ProposeWriteOff", reason: "insolvent" });
  await decide(2, "confirm");
  const deposit = { accountId: accountId("bador"), amountCents: 120_00, reference: "r-bador" };
  await world.ask({ type: "Deposit", ...deposit, ...stamp() });
  const payment = { loanId: loanId("bad"), amountCents: 100_00, mode: "due" };
  await world.ask({ type: "RepayLoan", ...payment, ...stamp() }, "bador");
}

/** An application that is listed, one rejected, one withdrawn, and a name that is taken. */
async function applied(world: World): Promise<void> {
  const wanted = { purpose: "a kiln", method: "bullet", term: 12, rateBps: 900 };
  const create = async (id: string) => {
    const asked = { loanId: loanId(id), amountCents: 500_00, ...wanted };
    await world.ask({ type: "CreateApplication", ...asked, ...stamp() }, "borrower");
  };
  for (const id of ["kiln", "barn", "boat", "full"]) await create(id);
  type Asked = Parameters<World["ask"]>[0];
  const of = (id: string, by: string, asked: Asked) => {
    return world.ask({ loanId: loanId(id), by: accountId(by), ...asked, ...stamp() });
  };
  const own = (id: string, asked: Asked) => of(id, "borrower", asked);
  await own("kiln", { type: "UpdateApplication", ...wanted, amountCents: 400_00 });
  const documentHash = "0123456789abcdef".repeat(4);
  const document = { name: "bank", mediaType: "application/pdf", sizeBytes: 9, documentHash };
  await own("kiln", { type: "AttachDocument", ...document });
  for (const id of ["kiln", "barn", "kiln"]) await own(id, { type: "SubmitApplication" });
  await own("boat", { type: "WithdrawApplication" });
  const review = {
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
  const propose = (id: string, more = {}) => {
    return of(id, "rita", { type: "ProposeReview", ...review, ...more });
  };
  const decide = (id: string, proposal: number, answer = "confirm") => {
    return of(id, "sam", { type: "DecideReview", proposal, answer, reason: null });
  };
  await propose("kiln");
  await decide("kiln", 1, "return");
  await propose("kiln", { rateBps: 990 });
  await decide("kiln", 2);
  await propose("barn", { verdict: "reject", reason: "no income" });
  await decide("barn", 1);
  const contract = await world.ask({ type: "GetContract", loanId: loanId("kiln") });
  const view = contract.type === "Read" ? contract.view : {};
  if (!("contractHash" in view)) throw new Error(`no contract: ${JSON.stringify(contract)}`);
  const { contractHash } = view;
  await own("kiln", { type: "SignContract", contractHash });
  const listing = { stepCents: 1_00, minBidCents: 100_00, lenderCapCents: null, opensAtMs: null };
  const closesAtMs = world.nowMs + 60_000;
  const publish = { ...listing, closesAtMs, cancellable: true, disbursesAtOnce: null };
  await of("kiln", "ops", { type: "PublishLoan", ...publish });
}

/** A history that has every event and every refusal path in it. */
export async function writeGolden(version: string): Promise<GoldenJournal> {
  requests = 0;
  const world = await new World(1, { journalKeep: "all", checkpointMs: 3_600_000 }).start();
  const open = async (id: string, amountCents: number) => {
    await world.ask({ type: "OpenAccount", accountId: accountId(id), ...stamp() });
    const deposit = { accountId: accountId(id), amountCents, reference: `r-${id}` };
    await world.ask({ type: "Deposit", ...deposit, ...stamp() });
  };
  for (const id of ["anna", "ben", "cora", "borrower"]) await open(id, 900_00);
  await world.ask({ type: "OpenAccount", accountId: accountId("anna"), ...stamp() });
  for (const id of ["full", "late"]) await world.listLoan(id, stamp());
  await world.ask({ type: "ConfirmLoan", loanId: loanId("late"), ...stamp() });
  const bid = async (lender: string, loan: string, amountCents: number, more = {}) => {
    return world.answered(world.bid(lender, loan, amountCents, { ...stamp(), ...more }).request);
  };
  await bid("anna", "full", 400_00);
  await bid("borrower", "full", 400_00);
  await bid("ben", "nowhere", 400_00);
  await bid("ben", "late", 200_00);
  await bid("cora", "full", 300_00);
  const cancel = (bidId: number) => ({ type: "CancelBid" as const, bidId, ...stamp() });
  await world.ask(cancel(1), "cora");
  await bid("cora", "full", 800_00, { fill: "upTo", minCents: 500_00 });
  await world.ask(cancel(2), "cora");
  await bid("anna", "full", 100_00);
  await world.ask({ type: "ConfirmLoan", loanId: loanId("full"), ...stamp() });
  await repaid(world, bid);
  await writtenOff(world);
  await applied(world);
  world.nowMs += 120_000;
  await world.until(() => world.system.openLoans(1).length === 0);
  await world.until(() => world.system.shard(0).run!.state.pending.size === 0);
  await world.until(() => world.system.shard(0).run!.isSettled);
  const batches = world.stores[0]!.entries.filter(({ position }) => position.seq > 0).map(
    ({ payload }) => payload.toString("base64"),
  );
  await world.stop();
  return { version, batches, ...(await readBatches(batches)) };
}

/** The state that the present program makes of the batches. */
export async function readBatches(batches: readonly string[]) {
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const nothing = async () => Promise.resolve(null);
  const source = {
    snapshots: {
      isSealed: false,
      write: nothing,
      read: nothing,
      readParts: async () => Promise.resolve(new Map()),
    },
    async *read() {
      await Promise.resolve();
      for (const [at, batch] of batches.entries()) {
        const payload = Buffer.from(batch, "base64");
        const mac = createHash("sha256").update(payload).digest();
        yield { position: { epoch: 1, seq: at + 1 }, mac, payload };
      }
    },
  };
  const { state, cells, quarantined } = await replayShard(source, 0, 1, codec, silent);
  if (quarantined.length > 0) throw new Error(`quarantined: ${quarantined.join()}`);
  const states = Object.fromEntries([...cellHashes(cells.all())].sort());
  const views = actorViews(cells.all());
  return { records: state.recordNo, views, states, trialBalance: state.trial.totals() };
}
