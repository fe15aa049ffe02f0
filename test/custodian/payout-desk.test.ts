// The desk alone, with time that stands still until it is moved: what it sends, asks about,
// takes down and leaves to a person.

import { describe, expect, onTestFinished, test } from "vitest";
import { accountId } from "../../actors/address.ts";
import { createCustodianCounters, type Taken, type Word } from "../../src/custodian/books.ts";
import type { CircuitStateName } from "../../src/custodian/circuit.ts";
import { PayoutDesk } from "../../src/custodian/payout-desk.ts";
import type { PayoutFound, PayoutOrder, PayoutSent, Reason } from "../../src/custodian/port.ts";
import { ManualEnvironment, settle } from "./manual-environment.ts";

const PENDING: PayoutSent = { kind: "accepted", payout: { status: "pending" } };
const BOOKED = { status: "booked", bookedAtMs: 77 } as const;
const POLL_MS = 5_000;
const NOTE_AGAIN_MS = 2_000;
const ANN = accountId("ann");

class Fixture {
  readonly environment = new ManualEnvironment();
  readonly sent: string[] = [];
  readonly polled: string[] = [];
  readonly noted: { word: Word; answered: (taken: Taken) => void }[] = [];
  readonly logged: string[] = [];
  readonly counters = createCustodianCounters();
  circuitState: CircuitStateName = "closed";
  sends: PayoutSent = PENDING;
  finds: PayoutFound = { kind: "found", payout: { status: "pending" } };
  rejection: { code: string; retryAfterMs: number | null } | undefined;
  readonly desk: PayoutDesk;

  constructor(ordersMax = 4) {
    const log = (_facts: object, message: string): void => void this.logged.push(message);
    this.desk = new PayoutDesk({
      environment: this.environment,
      counters: this.counters,
      log: { info: log, warn: log, error: log },
      limits: {
        outbox: {
          ordersMax,
          inFlightMax: 2,
          attempts: { delayMsFirst: 100, delayMsMax: 1_000 },
        },
        pollMs: POLL_MS,
        pollsInFlightMax: 1,
        noteAgainMs: NOTE_AGAIN_MS,
      },
      books: {
        note: (word, answered) => {
          this.noted.push({ word, answered });
          return this.rejection;
        },
      },
      custodian: this,
    });
    onTestFinished(() => this.desk.close());
  }

  async sendPayout({ reference }: PayoutOrder): Promise<PayoutSent> {
    await Promise.resolve();
    this.sent.push(reference);
    return this.sends;
  }

  async findPayout(reference: string): Promise<PayoutFound> {
    await Promise.resolve();
    this.polled.push(reference);
    return this.finds;
  }

  held(withdrawalNo = 1): void {
    const payout = { amountCents: 10_00, beneficiary: "bank 1" };
    this.desk.changed({ accountId: ANN, withdrawalNo, payout });
  }

  ended(withdrawalNo = 1): void {
    this.desk.changed({ accountId: ANN, withdrawalNo, payout: null });
  }
}

const CONFIRM = {
  type: "ConfirmWithdrawal",
  accountId: ANN,
  withdrawalNo: 1,
  amountCents: 10_00,
  bookedAtMs: 77,
};

describe("PayoutDesk", () => {
  test("sends a withdrawal once, and asks only when nothing is heard for long", async () => {
    const it = new Fixture();
    it.held();
    await settle();
    expect(it.sent).toEqual(["w-ann-1"]);
    await it.environment.advance(POLL_MS - 500);
    expect(it.polled).toEqual([]);
    await it.environment.advance(1_000);
    expect(it.polled).toEqual(["w-ann-1"]);
    it.finds = { kind: "found", payout: BOOKED };
    await it.environment.advance(POLL_MS + 500);
    expect(it.noted.map(({ word }) => word)).toEqual([CONFIRM]);
    expect(it.desk.depth).toBe(1);
    it.ended();
    expect(it.desk.depth).toBe(0);
    await it.environment.advance(10 * POLL_MS);
    expect(it.sent.length).toBe(1);
    expect(it.polled.length).toBe(2);
  });

  test("takes down at once what the bank says when it is sent", async () => {
    const it = new Fixture();
    it.sends = { kind: "refused", reason: "account_closed" as Reason };
    it.held();
    await settle();
    const fail = { accountId: ANN, withdrawalNo: 1, amountCents: 10_00, reason: "account_closed" };
    expect(it.noted.map(({ word }) => word)).toEqual([{ type: "FailWithdrawal", ...fail }]);
    it.noted[0]!.answered({ type: "Noted", isNew: true });
    it.ended();
    expect(it.counters).toMatchObject({ failed: 1, paid: 0, contradictions: 0 });
  });

  test("says again what the books could not take down, or never answered", async () => {
    const it = new Fixture();
    it.sends = { kind: "accepted", payout: BOOKED };
    it.rejection = { code: "unavailable", retryAfterMs: 300 };
    it.held();
    await settle();
    expect(it.noted.length).toBe(1);
    it.rejection = undefined;
    await it.environment.advance(500);
    expect(it.noted.length).toBe(2);
    it.noted[1]!.answered({ type: "Failed", code: "unavailable", retryAfterMs: 300 });
    await it.environment.advance(500);
    expect(it.noted.length).toBe(3);
    // The answer is lost with the life of its shard.
    await it.environment.advance(NOTE_AGAIN_MS + 250);
    expect(it.noted.length).toBe(4);
    // And so it is when the next life tells that the withdrawal is still open.
    it.held();
    expect(it.noted.length).toBe(5);
    it.noted[4]!.answered({ type: "Noted", isNew: false });
    expect(it.desk.depth).toBe(0);
    expect(it.sent).toEqual(["w-ann-1"]);
  });

  test("sends again what the bank has forgotten", async () => {
    const it = new Fixture();
    it.held();
    await settle();
    it.finds = { kind: "not_found" };
    await it.environment.advance(POLL_MS + 500);
    expect(it.sent).toEqual(["w-ann-1", "w-ann-1"]);
  });

  test("leaves to a person what contradicts itself, and never gives the money back by itself", async () => {
    const it = new Fixture();
    it.sends = { kind: "conflict" };
    it.held();
    await settle();
    it.sends = { kind: "accepted", payout: BOOKED };
    it.held(2);
    await settle();
    it.noted[0]!.answered({ type: "Refused", code: "withdrawal_ended_otherwise" });
    await it.environment.advance(20 * POLL_MS);
    expect(it.desk.stuck).toBe(2);
    expect(it.counters.contradictions).toBe(2);
    expect(it.noted.length).toBe(1);
    expect(it.polled).toEqual([]);
    expect(it.logged.filter((line) => line.includes("a person must look")).length).toBe(2);
  });

  test("keeps all that is durable when its outbox is full, and says that it has no room", async () => {
    const it = new Fixture(4);
    it.sends = { kind: "unknown", fault: "unreachable", retryAfterMs: 0 };
    for (let number = 1; number <= 9; number++) it.held(number);
    expect(it.desk.hasRoom).toBe(false);
    await it.environment.advance(3_000);
    expect(new Set(it.sent).size).toBe(4);
    it.sends = { kind: "accepted", payout: BOOKED };
    await it.environment.advance(20_000);
    expect(new Set(it.sent).size).toBe(9);
    expect(
      new Set(it.noted.map(({ word }) => "withdrawalNo" in word && word.withdrawalNo)).size,
    ).toBe(9);
    for (let number = 1; number <= 9; number++) it.ended(number);
    expect(it.desk.hasRoom).toBe(true);
  });

  test("says once that the bank is down, and once that it is back", async () => {
    const it = new Fixture();
    it.circuitState = "open";
    await it.environment.advance(2_000);
    it.circuitState = "half_open";
    await it.environment.advance(500);
    it.circuitState = "open";
    await it.environment.advance(2_000);
    it.circuitState = "closed";
    await it.environment.advance(2_000);
    expect(it.logged).toEqual([
      "the custodian does not answer: withdrawals wait",
      "the custodian answers again",
    ]);
  });

  test("is silent after it was closed", async () => {
    const it = new Fixture();
    it.held();
    await settle();
    it.desk.close();
    await it.environment.advance(20 * POLL_MS);
    expect(it.polled).toEqual([]);
    expect(it.environment.timerCount).toBe(0);
  });
});
