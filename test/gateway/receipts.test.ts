// Receipts that follow the entries of a watched account, from real loans through a real gateway
// to the SDK, which checks them.

import { describe, expect, onTestFinished, test } from "vitest";
import { loanId } from "../../actors/address.ts";
import {
  connect,
  type AccountEntry,
  type AccountUpdate,
  type ClientOptions,
  type ReceiptUpdate,
} from "../../src/client/client.ts";
import { PendingReceipts } from "../../src/client/pending-receipts.ts";
import { Authenticator, AUTHENTICATOR_DEFAULTS } from "../../src/gateway/authenticator.ts";
import { createGatewayCounters } from "../../src/gateway/counters.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import { signToken } from "../../src/gateway/signing.ts";
import { systemClock } from "../../src/runtime/environment.ts";
import type { Runtime } from "../../src/runtime/port.ts";
import { eventually, GATEWAY_CONFIG, nothingRevoked, SECRET } from "../support/gateway-fixture.ts";
import { LENDERS, RepaidWorld } from "../support/repaid-world.ts";

async function lendersWorld(shards = 1) {
  const repaid = await RepaidWorld.paidOut(shards);
  const { world } = repaid;
  const counters = createGatewayCounters();
  const keys = { kind: "secret", secret: SECRET } as const;
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const gateway = createGateway({
    config: { ...GATEWAY_CONFIG, sweepIntervalMs: 20 },
    metrics: counters,
    clock: systemClock,
    log: silent,
    authenticator: new Authenticator(
      { ...AUTHENTICATOR_DEFAULTS, keys },
      systemClock,
      nothingRevoked(),
    ),
  });
  // What the test asks itself has no session, and the world answers whoever waits by a function.
  world.onRelease = (position, releases) => {
    const ofSessions = releases.filter((each) => {
      if (each.kind !== "answer") return true;
      const { session } = each.request;
      return typeof session === "object" && session !== null;
    });
    gateway.outlet.release(position, ofSessions);
  };
  gateway.attach(world.system satisfies Runtime);
  const port = await gateway.listen();
  const open: { close(): void }[] = [];
  onTestFinished(async () => {
    for (const client of open) client.close();
    gateway.close();
    await world.stop();
  });
  const client = async (subject: string, options: Partial<ClientOptions> = {}) => {
    const expiresAtMs = Date.now() + 3_600_000;
    const token = await signToken(SECRET, { subject, role: "client", expiresAtMs });
    const url = `ws://127.0.0.1:${port}/v1/ws`;
    const made = await connect({ url, token, ...options });
    open.push(made);
    return made;
  };
  return { repaid, gateway, counters, client };
}

/** What a watch told: entries by number, receipts as `receipt <entry> <fault>`. */
function note(told: string[], receipts: ReceiptUpdate[] = []) {
  return (update: AccountUpdate): void => {
    if (update.kind === "entry") told.push(`${update.entry.kind} ${update.entry.entry}`);
    if (update.kind !== "receipt") return;
    told.push(`receipt ${update.entry.entry} ${String(update.fault)}`);
    receipts.push(update);
  };
}

describe("Receipts of a watched account", () => {
  test.each(["msgpack", "json"] as const)(
    "follow each repayment, hold, and are those of the clearing (%s)",
    async (encoding) => {
      const { repaid, client, counters } = await lendersWorld(3);
      const receipts = new Map<string, ReceiptUpdate[]>();
      for (const id of LENDERS) {
        const own: ReceiptUpdate[] = [];
        receipts.set(id, own);
        const lender = await client(id, { encoding });
        await lender.watchAccount(note([], own), { receipts: true });
      }
      const ann = await client("ann");
      const told: string[] = [];
      await ann.watchAccount(note(told), { receipts: true });
      await repaid.months(2);
      await eventually(() => counters.receiptsPushed).toBe(2 * (LENDERS.length + 1));
      await eventually(() => told.length).toBe(4);
      expect(told.filter((line) => line.startsWith("receipt"))).toEqual([
        "receipt 4 null",
        "receipt 5 null",
      ]);
      expect(told.indexOf("repayment_received 4")).toBeLessThan(told.indexOf("receipt 4 null"));
      for (const clearing of [1, 2]) {
        const whole = await ann.request("clearing.get", { loanId: "spring", clearing });
        let sumCents = 0;
        for (const own of receipts.values()) {
          await eventually(() => own.length).toBe(2);
          const { receipt, fault } = own[clearing - 1]!;
          expect({ fault, root: receipt.root }).toEqual({ fault: null, root: whole.root });
          sumCents += receipt.ownCents + receipt.ownFeeCents;
        }
        expect(sumCents).toBe(whole.legsCents);
      }
    },
  );

  test("come to nobody who did not ask, and to no other account of the session", async () => {
    const { repaid, client, counters } = await lendersWorld();
    const told: string[] = [];
    const ben = await client("ben");
    await ben.watchAccount(note(told));
    await repaid.months(2);
    await eventually(() => told.length).toBe(2);
    await ben.request("session.ping", {});
    expect(counters.receiptsPushed).toBe(0);
    expect(told).toEqual(["repayment_received 4", "repayment_received 5"]);
  });

  test("end with the watch", async () => {
    const { repaid, client, counters } = await lendersWorld();
    const ann = await client("ann");
    const watching = await ann.watchAccount(note([]), { receipts: true });
    watching.close();
    const told: string[] = [];
    await ann.watchAccount(note(told));
    await repaid.months(1);
    await eventually(() => told).toEqual(["repayment_received 4"]);
    await ann.request("clearing.path", { loanId: "spring", clearing: 1 });
    expect(counters.receiptsPushed).toBe(0);
  });

  test("of entries from before come to who watches on", async () => {
    const { repaid, client } = await lendersWorld();
    await repaid.months(2);
    const told: string[] = [];
    const ann = await client("ann");
    await ann.watchAccount(note(told), { after: 4, receipts: true });
    await eventually(() => told).toEqual(["repayment_received 5", "receipt 5 null"]);
  });

  test("are not lost with a connection: they come behind the next one, once", async () => {
    const { repaid, client, gateway } = await lendersWorld();
    const told: string[] = [];
    const ann = await client("ann", { reconnect: { delayMsFirst: 1, delayMsMax: 5 } });
    let cuts = 0;
    const listen = note(told);
    await ann.watchAccount(
      (update) => {
        listen(update);
        // Between an entry and its receipt.
        if (update.kind === "entry" && cuts++ < 2) gateway.outlet.reset(0, "cut by the test");
      },
      { receipts: true },
    );
    await repaid.months(2);
    await eventually(() => told.filter((line) => line.startsWith("receipt")).length).toBe(2);
    expect(cuts).toBe(2);
    expect([...told].sort()).toEqual([
      "receipt 4 null",
      "receipt 5 null",
      "repayment_received 4",
      "repayment_received 5",
    ]);
  });
});

describe("A pushed receipt", () => {
  test("that is not what was booked, or was changed on the way, is told to be wrong", async () => {
    const { repaid, client } = await lendersWorld();
    await repaid.months(1);
    const ann = await client("ann");
    const { position: _, ...receipt } = await ann.request("clearing.path", {
      loanId: loanId("spring"),
      clearing: 1,
    });
    const [entry] = (await repaid.entriesOf("ann")).filter(({ clearing }) => clearing === 1);
    const received = (change: object, of: object = {}) => {
      const pending = new PendingReceipts();
      pending.expect({ ...entry!, ...of } as unknown as AccountEntry);
      return pending.received({ entry: entry!.entry, ...receipt, ...change })?.fault;
    };
    expect(received({})).toBeNull();
    expect(received({ ownPrincipalCents: receipt.ownPrincipalCents + 1 })).toBe("path_wrong");
    expect(received({ root: "a".repeat(64) })).toBe("root_differs");
    expect(received({ amountCents: 1 })).toBe("sums_differ");
    const parts = ["amountCents", "principalCents", "interestCents", "penaltyCents", "feeCents"];
    for (const part of parts) expect(received({}, { [part]: 1 })).toBe("entry_differs");
    expect(received({}, { clearing: 2 })).toBe("entry_differs");
    expect(received({}, { loanId: "autumn" })).toBe("entry_differs");
  });

  test("is told once, and only of an entry that was told", () => {
    const pending = new PendingReceipts();
    const entry = { kind: "repayment_received", entry: 7 } as AccountEntry;
    expect(pending.resumeAfter(9)).toBe(9);
    pending.expect({ ...entry, kind: "deposit", entry: 6 });
    pending.expect(entry);
    pending.expect({ ...entry, entry: 8 });
    expect(pending.resumeAfter(9)).toBe(6);
    expect(pending.received({ entry: 6, path: [] })).toBeNull();
    expect(pending.received({ entry: 7, path: [] })).toMatchObject({ fault: "amounts_wrong" });
    expect(pending.received({ entry: 7, path: [] })).toBeNull();
    expect(pending.resumeAfter(9)).toBe(7);
    pending.forget();
    expect(pending.resumeAfter(9)).toBe(9);
  });
});
