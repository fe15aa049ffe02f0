import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cents } from "../../src/money/cents.ts";
import { PayoutOutbox, type OutboxLimits, type PayoutSettled } from "../../src/custodian/outbox.ts";
import type { CustodianFault, PayoutOrder, PayoutSent } from "../../src/custodian/port.ts";
import { ManualEnvironment } from "./manual-environment.ts";
import { order, orders } from "./orders.ts";

const LIMITS: OutboxLimits = {
  ordersMax: 8,
  inFlightMax: 3,
  attempts: { delayMsFirst: 100, delayMsMax: 1_000 },
};
const ACCEPTED: PayoutSettled = { kind: "accepted", payout: { status: "pending" } };

function unknown(fault: CustodianFault, retryAfterMs = 0): PayoutSent {
  return { kind: "unknown", fault, retryAfterMs };
}

/** A custodian whose answers are told one by one. */
class ScriptedCustodian {
  readonly calls: string[] = [];
  readonly #answers: ((sent: PayoutSent) => void)[] = [];

  sendPayout(asked: PayoutOrder): Promise<PayoutSent> {
    this.calls.push(asked.reference);
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  get waiting(): number {
    return this.#answers.length;
  }

  /** The oldest call that waits. */
  answer(sent: PayoutSent): void {
    this.#answers.shift()!(sent);
  }
}

interface Fixture {
  readonly environment: ManualEnvironment;
  readonly custodian: ScriptedCustodian;
  readonly outbox: PayoutOutbox;
  readonly settled: string[];
  readonly rooms: { count: number };
}

function fixture(limits = LIMITS): Fixture {
  const environment = new ManualEnvironment();
  const custodian = new ScriptedCustodian();
  const settled: string[] = [];
  const rooms = { count: 0 };
  const outbox = new PayoutOutbox({
    custodian,
    environment,
    limits,
    settled: ({ reference }, { kind }) => settled.push(`${reference} ${kind}`),
    hasRoom: () => rooms.count++,
  });
  return { environment, custodian, outbox, settled, rooms };
}

describe("The outbox", () => {
  test("sends a few at a time and the next as soon as one is settled", async () => {
    const { environment, custodian, outbox, settled } = fixture();
    for (const each of orders(5)) expect(outbox.offer(each)).toBe("queued");
    expect(custodian.calls).toEqual(["w-0", "w-1", "w-2"]);
    custodian.answer(ACCEPTED);
    custodian.answer({ kind: "conflict" });
    await environment.advance(0);
    expect(settled).toEqual(["w-0 accepted", "w-1 conflict"]);
    expect(custodian.calls).toEqual(["w-0", "w-1", "w-2", "w-3", "w-4"]);
    expect(outbox.depth).toBe(3);
    expect(outbox.inFlight).toBe(3);
  });

  test("takes an order once, and tells another one under its reference apart", () => {
    const { custodian, outbox } = fixture();
    expect(outbox.offer(order("w-1"))).toBe("queued");
    expect(outbox.offer(order("w-1"))).toBe("already_queued");
    expect(outbox.offer(order("w-1", { amountCents: cents(1) }))).toBe("reference_conflict");
    expect(outbox.offer(order("w-1", { beneficiary: "another" }))).toBe("reference_conflict");
    expect(custodian.calls).toEqual(["w-1"]);
  });

  test("is bounded, and says when there is room again", async () => {
    const { environment, custodian, outbox, rooms } = fixture();
    const all = orders(9);
    const offered = all.map((each) => outbox.offer(each));
    expect(offered).toEqual([...Array<string>(8).fill("queued"), "outbox_full"]);
    for (let answers = 1; answers <= 8; answers++) {
      custodian.answer(ACCEPTED);
      await environment.advance(0);
      expect(rooms.count).toBe(answers < 4 ? 0 : 1);
    }
    expect(outbox.offer(all[8]!)).toBe("queued");
  });

  test("sends again what is unknown, later each time, never sooner than the custodian wants", async () => {
    const { environment, custodian, outbox, settled } = fixture();
    outbox.offer(order("w-1"));
    for (const most of [100, 200, 400, 800, 1_000, 1_000]) {
      const before = custodian.calls.length;
      custodian.answer(unknown("timeout"));
      await environment.advance(most / 2 - 1);
      expect(custodian.calls).toHaveLength(before);
      await environment.advance(most / 2 + 1);
      expect(custodian.calls).toHaveLength(before + 1);
    }
    custodian.answer(unknown("server_error", 5_000));
    await environment.advance(4_999);
    expect(custodian.waiting).toBe(0);
    await environment.advance(1);
    custodian.answer({ kind: "refused", reason: "insufficient_funds" as never });
    await environment.advance(0);
    expect(settled).toEqual(["w-1 refused"]);
    expect(environment.timerCount).toBe(0);
  });

  test("stops while the circuit is open, probes with one, and flows again when it is settled", async () => {
    const { environment, custodian, outbox, settled } = fixture();
    for (const each of orders(6)) outbox.offer(each);
    for (let calls = 0; calls < 3; calls++) custodian.answer(unknown("circuit_open", 700));
    await environment.advance(0);
    expect(outbox.mode).toBe("waiting");
    expect(outbox.offer(order("late"))).toBe("queued");
    await environment.advance(699);
    expect(custodian.calls).toHaveLength(3);
    await environment.advance(1);
    expect(outbox.mode).toBe("probing");
    expect(custodian.waiting).toBe(1);
    custodian.answer(unknown("circuit_open", 50));
    await environment.advance(49);
    expect(custodian.waiting).toBe(0);
    await environment.advance(1);
    custodian.answer(ACCEPTED);
    await environment.advance(0);
    expect(outbox.mode).toBe("flowing");
    expect(custodian.waiting).toBe(3);
    while (custodian.waiting > 0) {
      custodian.answer(ACCEPTED);
      await environment.advance(0);
    }
    expect(outbox.depth).toBe(0);
    expect(new Set(settled).size).toBe(7);
  });

  test("tells nothing and sends nothing once it is closed", async () => {
    const { environment, custodian, outbox, settled } = fixture();
    for (const each of orders(5)) outbox.offer(each);
    custodian.answer(unknown("timeout"));
    await environment.advance(0);
    outbox.close();
    expect(environment.timerCount).toBe(0);
    custodian.answer(ACCEPTED);
    await environment.advance(10_000);
    expect(settled).toEqual([]);
    expect(custodian.calls).toHaveLength(4);
    expect(outbox.offer(order("late"))).toBe("closed");
  });

  test("settles each order exactly once, whatever comes between and in whatever order", async () => {
    const answer = fc.oneof(
      { weight: 3, arbitrary: fc.constant<PayoutSent>(ACCEPTED) },
      fc.constant(unknown("timeout", 10)),
      fc.constant(unknown("circuit_open", 30)),
      fc.record({ at: fc.nat(400) }).map(({ at }) => unknown("unreachable", at)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { maxLength: 60 }),
        fc.array(fc.nat(300), { minLength: 5, maxLength: 20 }),
        async (answers, pauses) => {
          const { environment, custodian, outbox, settled } = fixture();
          const all = orders(8);
          for (const each of all) outbox.offer(each);
          let at = 0;
          for (let steps = 0; outbox.depth > 0 && steps < 1_000; steps++) {
            expect(outbox.inFlight).toBeLessThanOrEqual(LIMITS.inFlightMax);
            expect(outbox.inFlight).toBe(custodian.waiting);
            if (custodian.waiting > 0) custodian.answer(answers[at++] ?? ACCEPTED);
            await environment.advance(pauses[steps % pauses.length]!);
          }
          expect([...settled].sort()).toEqual(all.map((each) => `${each.reference} accepted`));
          expect(environment.timerCount).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
