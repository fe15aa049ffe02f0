// From a client's log to its figures, once the run is over: nothing is reckoned while it is
// measured. Requests belong to the moment at which they were due, so a stall shows where it began.

import { LatencyHistogram } from "../driver/latency.ts";
import { FLAG, type LoggedRequest, type RequestLog } from "../driver/request-log.ts";
import type { Plan } from "../scenarios/plan.ts";
import { OPERATIONS } from "../scenarios/scenario.ts";
import type { ClientResult, Tally } from "./client-job.ts";

/** Refusals below this number come from the door: they say something of load, not of business. */
const BUSINESS_ERRORS_FROM = 200;

export type LogFigures = Pick<
  ClientResult,
  "all" | "serviceLatency" | "lateness" | "byOperation" | "bySegment" | "intervals" | "refusals"
>;

class Counting {
  readonly tally: Tally = emptyTally();
  readonly #histogram = new LatencyHistogram();

  add(request: LoggedRequest, endMs: number): void {
    const { tally } = this;
    const { flags } = request;
    tally.sent++;
    if ((flags & FLAG.answered) === 0) {
      tally.unanswered++;
      // What it has waited already is the least that it would have taken.
      this.#histogram.record(endMs - request.plannedMs);
      return;
    }
    tally.answered++;
    if (isTurnedAway(request)) {
      tally.turnedAway++;
      return;
    }
    if ((flags & FLAG.refused) !== 0) tally.refused++;
    else tally.accepted++;
    this.#histogram.record(request.answeredMs - request.plannedMs);
  }

  take(): Tally {
    const taken = { ...this.tally, latency: this.#histogram.take() };
    Object.assign(this.tally, emptyTally());
    return taken;
  }
}

function emptyTally(): Tally {
  return {
    sent: 0,
    answered: 0,
    accepted: 0,
    refused: 0,
    turnedAway: 0,
    unanswered: 0,
    latency: "",
  };
}

/** Refused for load: its latency is that of refusing and is not among the others. */
function isTurnedAway({ flags, errorNumber }: LoggedRequest): boolean {
  return (flags & FLAG.refused) !== 0 && errorNumber < BUSINESS_ERRORS_FROM;
}

/** What of the log was due from `plan.warmUpMs` up to `untilMs`; the log ended at `endMs`. */
export function figuresOf(
  log: RequestLog,
  plan: Plan,
  intervalMs: number,
  untilMs: number,
  endMs: number,
): LogFigures {
  const all = new Counting();
  const byOperation = OPERATIONS.map(() => new Counting());
  const bySegment = plan.segments.map(() => new Counting());
  const service = new LatencyHistogram();
  const lateness = new LatencyHistogram();
  const interval = new Counting();
  const intervals: (Tally & { fromMs: number })[] = [];
  const refusals: Record<number, number> = {};
  let intervalAt = -1;
  let segmentAt = 0;
  const endInterval = (): void => {
    if (intervalAt < 0) return;
    intervals.push({ ...interval.take(), fromMs: plan.warmUpMs + intervalAt * intervalMs });
  };
  for (let at = 0; at < log.count; at++) {
    const request = log.read(at);
    const { plannedMs, flags } = request;
    if (plannedMs < plan.warmUpMs || plannedMs >= untilMs) continue;
    const wanted = Math.floor((plannedMs - plan.warmUpMs) / intervalMs);
    if (wanted !== intervalAt) {
      endInterval();
      intervalAt = wanted;
    }
    while (plannedMs >= plan.segments[segmentAt]!.toMs) segmentAt++;
    for (const counting of [
      all,
      interval,
      byOperation[request.operation]!,
      bySegment[segmentAt]!,
    ]) {
      counting.add(request, endMs);
    }
    if ((flags & FLAG.cut) === 0 || request.sentMs > 0) {
      lateness.record(request.sentMs - plannedMs);
    }
    if ((flags & FLAG.answered) !== 0 && !isTurnedAway(request)) {
      service.record(request.answeredMs - request.sentMs);
    }
    if ((flags & FLAG.refused) !== 0) {
      refusals[request.errorNumber] = (refusals[request.errorNumber] ?? 0) + 1;
    }
  }
  endInterval();
  const operations = OPERATIONS.map((name, at) => [name, byOperation[at]!] as const);
  return {
    all: all.take(),
    serviceLatency: service.take(),
    lateness: lateness.take(),
    byOperation: Object.fromEntries(
      operations
        .filter(([, counting]) => counting.tally.sent > 0)
        .map(([name, counting]) => [name, counting.take()]),
    ),
    bySegment: bySegment.map((counting) => counting.take()),
    intervals,
    refusals,
  };
}
