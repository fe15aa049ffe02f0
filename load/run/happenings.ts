// What an operator does while a run lasts, at planned moments: the business date moves on.

import type { RequestPipe } from "../driver/request-pipe.ts";
import type { Plan } from "../scenarios/plan.ts";

export interface Happening {
  readonly what: string;
  /** Milliseconds from the start of the run. */
  readonly atMs: number;
  /** Until the answer; null when it was refused or is not known. */
  readonly tookMs: number | null;
  readonly detail: string;
}

/** So that each loan has an instalment that falls due. */
const MONTH_DAYS = 31;

/** Resolves `end` when those that have begun are over; the others never begin. */
export function happenings(
  plan: Plan,
  operator: RequestPipe,
  startsAtMs: number,
): { end(): Promise<readonly Happening[]> } {
  const done: Promise<Happening>[] = [];
  const timers = plan.segments
    .filter(({ event }) => event === "dueDate")
    .map(({ fromMs }) =>
      setTimeout(
        () => done.push(advanceMonth(operator, startsAtMs)),
        startsAtMs + fromMs - Date.now(),
      ),
    );
  return {
    end() {
      for (const timer of timers) clearTimeout(timer);
      return Promise.all(done);
    },
  };
}

async function advanceMonth(operator: RequestPipe, startsAtMs: number): Promise<Happening> {
  const what = `the business date moves on by ${MONTH_DAYS} days`;
  const atMs = Date.now() - startsAtMs;
  const fromMs = performance.now();
  try {
    let day = 0;
    await operator.send({
      operation: "calendar.get",
      count: 1,
      fields: () => ({}),
      onReply: (_, view) => (day = view["day"] as number),
    });
    await operator.send({
      operation: "calendar.advance",
      count: 1,
      fields: () => ({ day: day + MONTH_DAYS }),
    });
    return { what, atMs, tookMs: performance.now() - fromMs, detail: "" };
  } catch (error) {
    // The run goes on, and its report says that it did not happen.
    return { what, atMs, tookMs: null, detail: (error as Error).message };
  }
}
