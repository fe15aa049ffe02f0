// What a life of a shard is given: its journal, its surroundings, and
// whom it tells of what happens.

import type { PayoutChange } from "../../actors/account/custody/events.ts";
import type { RecordCodec } from "../journal/records.ts";
import type { Bus } from "./bus.ts";
import type { RuntimeCounters } from "./counters.ts";
import type { Clock, Scheduler } from "./environment.ts";
import type { RuntimeLimits } from "./limits.ts";
import type { Outlet } from "./port.ts";
import type { RunJournal } from "./run-journal.ts";

export interface RunOptions {
  readonly journal: RunJournal;
  readonly codec: RecordCodec;
  readonly bus: Bus;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly limits: RuntimeLimits;
  readonly counters: RuntimeCounters;
  readonly log: RunLog;
  /** Answers leave: so many requests are no longer in flight. */
  readonly onAnswered: (answers: number) => void;
  /** The business date by the clock: the first one of a new shard. */
  readonly today: () => number;
  /** Open loans changed, durably. */
  readonly onAlarm: (key: string, atMs: number | null) => void;
  /** A withdrawal is durably to be sent to the custodian, or durably ended. */
  readonly onPayout: (change: PayoutChange) => void;
  /** This life is over. */
  readonly onFailed: (reason: string, error: unknown) => void;
}

export interface RunLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
