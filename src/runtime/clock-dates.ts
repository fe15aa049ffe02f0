// Business dates that begin by the clock, at midnight. A clock that goes back changes nothing.
// While dates that passed meanwhile (the server was down, or stopped) are worked off, or cannot
// begin since a shard is away or does not get commits through, nothing else changes: a payment, or
// a loan that fills, must not be booked on a date of last month.

import { JournalError } from "../journal/errors.ts";
import type { Scheduler } from "./environment.ts";
import type { RunLog } from "./run-options.ts";
import type { System } from "./system.ts";

const POLL_MS = 1_000;
/** The first date of a new journal is durable soon. */
const FIRST_POLL_MS = 5;

export interface ClockDates {
  /**
   * Resolves when the business date is that of the clock for the first time; rejects with
   * JournalError `closed` when the server is to stop before.
   */
  readonly caughtUp: Promise<void>;
  end(): void;
}

export interface ClockDatesOptions {
  readonly scheduler: Scheduler;
  readonly log: RunLog;
  readonly stopping: AbortSignal;
}

/** `today` is the business date by the clock, in days since 1970. */
export function followClock(
  system: Pick<System, "businessDay" | "oldestDay" | "advanceTo" | "setCatchingUp">,
  today: () => number,
  { scheduler, log, stopping }: ClockDatesOptions,
): ClockDates {
  let isAdvancing = false;
  /** Until then any lag is one: no midnight passes while a server starts. */
  let hasCaughtUp = false;
  let catchUp = (): void => undefined;
  const caughtUp = new Promise<void>((resolve, reject) => {
    const giveUp = (): void => reject(new JournalError("closed", "the server stops"));
    if (stopping.aborted) return giveUp();
    stopping.addEventListener("abort", giveUp, { once: true });
    catchUp = resolve;
  });
  let callOff = (): void => undefined;
  let isBehind = false;
  const reached = (): void => {
    const { oldestDay } = system;
    if (today() - oldestDay > (hasCaughtUp ? 1 : 0)) {
      if (hasCaughtUp && !isBehind) log.warn({ oldestDay }, "changes wait for business dates");
      isBehind = true;
      return system.setCatchingUp(true);
    }
    // A shard that is away may be further back.
    if (system.businessDay === 0) return;
    isBehind = false;
    system.setCatchingUp(false);
    hasCaughtUp = true;
    catchUp();
  };
  const look = (): void => {
    callOff = scheduler.after(hasCaughtUp ? POLL_MS : FIRST_POLL_MS, look);
    if (system.oldestDay === 0) return;
    reached();
    const { businessDay } = system;
    if (isAdvancing || businessDay === 0) return;
    const day = today();
    if (day <= businessDay) return;
    isAdvancing = true;
    system.advanceTo(day).then(
      () => {
        isAdvancing = false;
        reached();
        log.info({ day }, "a business date began");
      },
      (error: unknown) => {
        isAdvancing = false;
        log.warn({ day, error }, "business dates were not closed; it is tried again");
      },
    );
  };
  look();
  return { caughtUp, end: () => callOff() };
}
