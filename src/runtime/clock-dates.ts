// Business dates that begin by the clock, at midnight. A clock that goes back changes nothing.

import type { Scheduler } from "./environment.ts";
import type { RunLog } from "./run-options.ts";
import type { System } from "./system.ts";

const POLL_MS = 1_000;

/** `today` is the business date by the clock, in days since 1970. Returns a function that ends it. */
export function followClock(
  system: Pick<System, "businessDay" | "advanceTo">,
  today: () => number,
  { scheduler, log }: { readonly scheduler: Scheduler; readonly log: RunLog },
): () => void {
  let isAdvancing = false;
  let callOff = (): void => undefined;
  const look = (): void => {
    callOff = scheduler.after(POLL_MS, look);
    const day = today();
    const { businessDay } = system;
    if (isAdvancing || businessDay === 0 || day <= businessDay) return;
    isAdvancing = true;
    system.advanceTo(day).then(
      () => {
        isAdvancing = false;
        log.info({ day }, "a business date began");
      },
      (error: unknown) => {
        isAdvancing = false;
        log.warn({ day, error }, "business dates were not closed; it is tried again");
      },
    );
  };
  look();
  return () => callOff();
}
