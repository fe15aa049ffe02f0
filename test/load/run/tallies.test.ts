// From a log to figures: latency counts from the moment at which a request was due, and a stall of
// the server is felt by everybody who would have come meanwhile.

import { describe, expect, test } from "vitest";
import { mergeLatencies } from "../../../load/driver/latency.ts";
import { FLAG, RequestLog } from "../../../load/driver/request-log.ts";
import { figuresOf } from "../../../load/run/tallies.ts";
import { scenarioNamed } from "../../../load/scenarios/catalogue.ts";
import { planOf } from "../../../load/scenarios/plan.ts";
import { ERRORS } from "../../../src/protocol/errors.ts";

const PLAN = planOf(scenarioNamed("slow-consumers")!, {
  seed: 1,
  ratePerSecond: 100,
  durationMs: 10_000,
  warmUpMs: 1_000,
});
const UNTIL_MS = 11_000;

interface Sent {
  readonly planned: number;
  readonly sent?: number;
  readonly answered?: number;
  readonly error?: number;
}

function figures(...all: readonly Sent[]) {
  const log = new RequestLog();
  for (const { planned, sent = planned, answered, error } of all) {
    const at = log.add(0, 0, 0, 0, 100, planned);
    log.sent(at, sent, null);
    if (answered === undefined) continue;
    log.answered(at, answered, "");
    if (error !== undefined) log.refused(at, error);
  }
  return figuresOf(log, PLAN, 1_000, UNTIL_MS, 12_000);
}

const latency = (encoded: string) => mergeLatencies([encoded]);

describe("Figures of a log", () => {
  test("count latency from the planned moment, and beside it from sending", () => {
    const { all, serviceLatency, lateness } = figures({
      planned: 2_000,
      sent: 2_500,
      answered: 2_510,
    });
    expect(latency(all.latency).maxMs).toBeCloseTo(510, -1);
    expect(latency(serviceLatency).maxMs).toBeCloseTo(10, 0);
    expect(latency(lateness).maxMs).toBeCloseTo(500, -1);
  });

  test("omit nobody who was due during a stall: a second of it is in half of the percentiles", () => {
    // The server stands still from 5,000 to 7,000; the client could not send meanwhile either.
    const sent = Array.from({ length: 400 }, (_, at): Sent => {
      const planned = 4_000 + at * 10;
      const isStalled = planned >= 5_000 && planned < 7_000;
      return isStalled
        ? { planned, sent: 7_000, answered: 7_001 }
        : { planned, sent: planned, answered: planned + 1 };
    });
    const { all, serviceLatency } = figures(...sent);
    expect(latency(all.latency).count).toBe(400);
    expect(latency(all.latency).p99Ms).toBeGreaterThan(1_900);
    // Measured from sending, as a closed loop would, the stall is not there at all.
    expect(latency(serviceLatency).p99Ms).toBeLessThan(2);
  });

  test("count what was never answered with the time that it has waited", () => {
    const { all, serviceLatency } = figures({ planned: 2_000 });
    expect(all).toMatchObject({ sent: 1, answered: 0, unanswered: 1 });
    expect(latency(all.latency).maxMs).toBeCloseTo(10_000, -2);
    expect(latency(serviceLatency).count).toBe(0);
  });

  test("keep refusals for load apart from those of business", () => {
    const { all, refusals } = figures(
      { planned: 2_000, answered: 2_001, error: ERRORS.loan_full.number },
      { planned: 2_000, answered: 2_001, error: ERRORS.server_busy.number },
      { planned: 2_000, answered: 2_001 },
    );
    expect(all).toMatchObject({ answered: 3, accepted: 1, refused: 1, turnedAway: 1 });
    expect(latency(all.latency).count).toBe(2);
    expect(refusals).toEqual({ [ERRORS.loan_full.number]: 1, [ERRORS.server_busy.number]: 1 });
  });

  test("leave out the warm-up and what was due after the end", () => {
    const { all } = figures(
      { planned: 999, answered: 1_000 },
      { planned: 1_000, answered: 1_001 },
      { planned: UNTIL_MS, answered: UNTIL_MS + 1 },
    );
    expect(all.sent).toBe(1);
  });

  test("belong to the interval and the segment in which they were due, not answered", () => {
    const { intervals, bySegment } = figures(
      { planned: 5_900, answered: 9_000 },
      { planned: 6_100, answered: 6_101 },
    );
    expect(intervals.map(({ fromMs, sent }) => [fromMs, sent])).toEqual([
      [5_000, 1],
      [6_000, 1],
    ]);
    expect(bySegment.map(({ sent }) => sent)).toEqual([0, 1, 1]);
    expect(latency(bySegment[1]!.latency).maxMs).toBeGreaterThan(3_000);
  });

  test("tell of a request whose connection was gone before it could be sent", () => {
    const log = new RequestLog();
    log.mark(log.add(0, 0, 0, 0, 100, 2_000), FLAG.cut);
    const { all, lateness } = figuresOf(log, PLAN, 1_000, UNTIL_MS, 12_000);
    expect(all).toMatchObject({ sent: 1, unanswered: 1 });
    expect(latency(lateness).count).toBe(0);
  });
});
