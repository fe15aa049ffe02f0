import { describe, expect, test } from "vitest";
import { closedLoop, openLoop } from "../../../load/run/loops.ts";
import { scenarioNamed } from "../../../load/scenarios/catalogue.ts";
import { planOf, type Plan } from "../../../load/scenarios/plan.ts";
import { Requests } from "../../../load/scenarios/requests.ts";
import { REPAY } from "../../../load/scenarios/scenario.ts";

const PLAN = planOf(scenarioNamed("market")!, {
  seed: 9,
  ratePerSecond: 500,
  durationMs: 600,
  warmUpMs: 0,
});

interface Sent {
  readonly dueMs: number;
  readonly sentMs: number;
  readonly client: number;
}

/** Two thousand a second. */
const FAST = planOf(scenarioNamed("market")!, {
  seed: 9,
  ratePerSecond: 2_000,
  durationMs: 600,
  warmUpMs: 0,
});

function parts(plan: Plan = PLAN) {
  const startedMs = performance.now();
  const sent: Sent[] = [];
  const elapsedMs = (): number => performance.now() - startedMs;
  return {
    sent,
    parts: {
      requests: new Requests(plan, 0, 1),
      plan,
      elapsedMs,
      isOver: () => false,
      send: ({ atMs, client }: { atMs: number; client: number }) => {
        sent.push({ dueMs: atMs, sentMs: elapsedMs(), client });
      },
    },
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("The open loop", () => {
  test("sends everything that is due though nothing is ever answered, and nothing too early", async () => {
    const { sent, parts: given } = parts();
    openLoop(given).start();
    await pause(900);
    const planned: number[] = [];
    const requests = new Requests(PLAN, 0, 1);
    const next = { atMs: 0, segment: 0, operation: 0, client: 0, loan: 0, amountCents: 0, fill: 0 };
    while (requests.next(next as Parameters<typeof requests.next>[0])) planned.push(next.atMs);
    expect(sent.map(({ dueMs }) => dueMs)).toEqual(planned);
    for (const { dueMs, sentMs } of sent) expect(sentMs).toBeGreaterThanOrEqual(dueMs);
  });

  test("keeps the planned moments of what it could not send in time, and sends it at once", async () => {
    const { sent, parts: given } = parts(FAST);
    openLoop(given).start();
    await pause(50);
    const stalledFromMs = performance.now();
    while (performance.now() - stalledFromMs < 200);
    await pause(100);
    const late = sent.filter(({ dueMs, sentMs }) => sentMs - dueMs > 100);
    // Two hundred were due in the first half of the stall; one a turn would take as many ms.
    expect(late.length).toBeGreaterThan(100);
    const sentMs = late.map((one) => one.sentMs);
    expect(Math.max(...sentMs) - Math.min(...sentMs)).toBeLessThan(late.length / 2);
  });
});

describe("The closed loop", () => {
  test("has so many in flight for each client, and sends the next when one was answered", () => {
    const { sent, parts: given } = parts();
    const loop = closedLoop(given, 3, [4, 7]);
    loop.start();
    expect(sent.map(({ client }) => client)).toEqual([4, 7, 4, 7, 4, 7]);
    loop.onAnswer(7);
    expect(sent).toHaveLength(7);
    expect(sent.at(-1)!.client).toBe(7);
  });

  test.each(["fanout", "mixed"])("of %s loses nobody: only borrowers repay", (name) => {
    const plan = planOf(scenarioNamed(name)!, { seed: 3, durationMs: 60_000, warmUpMs: 0 });
    const { lenders, paidOutLoans } = plan.sizes;
    const sent: { operation: number; client: number }[] = [];
    const { parts: given } = parts(plan);
    // In the segment that has repayments.
    const dueDate = plan.segments.find(({ cumulativeMix }) => cumulativeMix[4]! < 1)!;
    const loop = closedLoop(
      {
        ...given,
        elapsedMs: () => dueDate.toMs - 1,
        send: ({ operation, client }) => void sent.push({ operation, client }),
      },
      4,
      Array.from({ length: lenders }, (_, at) => at),
    );
    loop.start();
    for (let answered = 0; answered < 4_000; answered++) loop.onAnswer(sent[answered]!.client);
    expect(sent).toHaveLength(4 * lenders + 4_000);
    const repaid = sent.filter(({ operation }) => operation === REPAY);
    expect(repaid.length).toBeGreaterThan(0);
    expect(Math.max(...repaid.map(({ client }) => client))).toBeLessThan(paidOutLoans);
    expect(Math.max(...sent.map(({ client }) => client))).toBeLessThan(lenders);
  });
});
