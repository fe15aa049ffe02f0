// What lenders are told: a log that only takes what follows from what it has.

import { describe, expect, it } from "vitest";
import { LenderStreams, type AccountLog } from "../../../src/cli/demo/lender-streams.ts";
import { LoanloomError, type AccountEntry } from "../../../src/client/client.ts";

function watched(): { streams: LenderStreams; log: AccountLog } {
  const log: AccountLog = {
    accountId: "ann",
    entries: [],
    availableCents: 0,
    heldCents: 0,
    last: 0,
  };
  const streams = new LenderStreams();
  streams.logs.set("ann", log);
  const account = {
    accountId: "ann",
    availableCents: 10_00,
    heldCents: 50_00,
    entry: 7,
    openBids: 1,
  };
  streams.told(log, { kind: "snapshot", account, resumed: false, missedAfter: null });
  return { streams, log };
}

const leg = {
  kind: "repayment_received",
  entry: 8,
  amountCents: 4_00,
  availableCents: 14_00,
  heldCents: 50_00,
  clearing: 1,
} as AccountEntry;

describe("Lender streams", () => {
  it("write down what follows, and know who was told of a clearing", () => {
    const { streams, log } = watched();
    streams.told(log, { kind: "entry", entry: leg });
    const posted = { ...leg, kind: "hold_posted", entry: 9, amountCents: 50_00, heldCents: 0 };
    streams.told(log, { kind: "entry", entry: { ...posted, clearing: null } as AccountEntry });
    expect(streams.failures).toEqual([]);
    expect(log).toMatchObject({ availableCents: 14_00, heldCents: 0, last: 9 });
    expect(streams.clearing(1).legs).toBe(1);
    expect(streams.clearing(2).legs).toBe(0);
    expect(streams.latest(["ann", "nobody"])).toMatchObject([{ entry: 9 }]);
  });

  it("wake whoever waits when its condition holds", async () => {
    const { streams, log } = watched();
    const told = streams.until(() => streams.clearing(1).legs === 1);
    streams.told(log, { kind: "entry", entry: leg });
    await told;
  });

  const wrong: Record<string, Partial<AccountEntry>> = {
    "comes twice": { entry: 7 },
    "leaves one out": { entry: 9 },
    "has another balance": { availableCents: 14_01 },
    "moves what is held": { heldCents: 49_99 },
  };
  for (const [what, fields] of Object.entries(wrong)) {
    it(`call it a failure when an entry ${what}`, () => {
      const { streams, log } = watched();
      streams.told(log, { kind: "entry", entry: { ...leg, ...fields } });
      expect(streams.failures).toHaveLength(1);
    });
  }

  it("call it a failure when entries are missing or the watch ends, but not when it is closed", () => {
    const { streams, log } = watched();
    const account = { accountId: "ann", availableCents: 0, heldCents: 0, entry: 99, openBids: 0 };
    streams.told(log, { kind: "ended", error: new LoanloomError("closed", null) });
    expect(streams.failures).toEqual([]);
    streams.told(log, { kind: "snapshot", account, resumed: false, missedAfter: 7 });
    streams.told(log, { kind: "ended", error: new LoanloomError("forbidden", null) });
    expect(streams.failures).toHaveLength(2);
  });
});
