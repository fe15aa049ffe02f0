// Which applications wait for the staff, and since when: so that reviewers find their work without
// being told its name. It follows from the events of loans, as alarms do.

import { STAFF_STAGES, type StaffStage } from "../../actors/loan/application/events.ts";
import type { LoanId } from "../../actors/address.ts";
import { assert } from "../money/assert.ts";
import type { ReplyOf } from "../protocol/table.ts";

type QueueView = ReplyOf<"application.queue">;

/** Rows of an answer: whoever has more to do begins with the oldest. */
const QUEUE_ROWS_MAX = 100;

interface Waiting {
  readonly loanId: LoanId;
  readonly stage: StaffStage;
  readonly sinceMs: number;
}

/** What one shard has of it. */
export interface QueueSight {
  readonly counts: Readonly<Record<StaffStage, number>>;
  /** The oldest of those that were asked for. */
  readonly oldest: readonly Waiting[];
}

export class ApplicationQueue {
  /** In the order in which they came to where they are. */
  readonly #waiting = new Map<LoanId, Waiting>();

  /** `stage` is null when nobody of the staff has anything to do with it now. */
  set(loanId: LoanId, stage: StaffStage | null, sinceMs: number): void {
    this.#waiting.delete(loanId);
    if (stage !== null) this.#waiting.set(loanId, { loanId, stage, sinceMs });
  }

  /** `stage`: those of it alone, or null for all. */
  look(stage: StaffStage | null): QueueSight {
    const counts = { submitted: 0, proposed: 0, signed: 0 };
    const oldest: Waiting[] = [];
    for (const waiting of this.#waiting.values()) {
      counts[waiting.stage]++;
      const isAsked = stage === null || waiting.stage === stage;
      if (isAsked && oldest.length < QUEUE_ROWS_MAX) oldest.push(waiting);
    }
    return { counts, oldest };
  }

  /** Three items an application. */
  toSnapshot(): unknown[] {
    return [...this.#waiting.values()].flatMap(({ loanId, stage, sinceMs }) => [
      loanId,
      STAFF_STAGES.indexOf(stage),
      sinceMs,
    ]);
  }

  restore(values: readonly unknown[]): void {
    assert(values.length % 3 === 0, "an application in the queue has three items");
    for (let at = 0; at < values.length; at += 3) {
      const stage = STAFF_STAGES[values[at + 1] as number];
      assert(stage !== undefined, "a stage of a known number");
      this.set(values[at] as LoanId, stage, values[at + 2] as number);
    }
  }
}

/** All shards together, the oldest first. */
export function queueView(sights: readonly QueueSight[]): QueueView {
  const count = (stage: StaffStage): number =>
    sights.reduce((sum, { counts }) => sum + counts[stage], 0);
  const oldest = sights.flatMap((sight) => sight.oldest).sort((a, b) => a.sinceMs - b.sinceMs);
  return {
    submitted: count("submitted"),
    proposed: count("proposed"),
    signed: count("signed"),
    applications: oldest.slice(0, QUEUE_ROWS_MAX),
  };
}
