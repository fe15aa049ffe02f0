// Since when loans of a shard are overdue, so that operators see them by class without waking any.
// A loan that owes anything is worked every day, and whatever is paid tells it again.

import { overdueBucketOf, type OverdueBucket } from "../lending/overdue.ts";

export type LoansByBucket = Readonly<Record<OverdueBucket, number>>;

export class OverdueLoans {
  /** When the oldest unpaid instalment fell due, in days since 1970. */
  readonly #dueOf = new Map<string, number>();

  /** `due` is null when the loan owes nothing now. */
  set(key: string, due: number | null): void {
    if (due === null) this.#dueOf.delete(key);
    else this.#dueOf.set(key, due);
  }

  /** `loans`: all that are being repaid; those that owe nothing now are current. */
  countBy(day: number, loans: number): LoansByBucket {
    const counts = noLoans();
    counts.current = loans - this.#dueOf.size;
    for (const due of this.#dueOf.values()) counts[overdueBucketOf(day - due)]++;
    return counts;
  }

  toSnapshot(): unknown[] {
    return [...this.#dueOf].flat();
  }

  restore(values: readonly unknown[]): void {
    for (let at = 0; at < values.length; at += 2) {
      this.#dueOf.set(values[at] as string, values[at + 1] as number);
    }
  }
}

export function noLoans(): Record<OverdueBucket, number> {
  return { current: 0, days_1_30: 0, days_31_60: 0, days_61_90: 0, days_over_90: 0 };
}
