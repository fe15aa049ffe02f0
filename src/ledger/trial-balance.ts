// The trial balance of a shard, kept up to date with each event: one total a ledger code. The sums
// of the cash book and of the memo book are zero at every moment, each by itself, or the books are
// wrong and the shard must stop.

import { assert } from "../money/assert.ts";
import { isLedgerCode, isMemo, LEDGER_CODES, type LedgerCode } from "./chart.ts";

/** Sums inside one batch stay far below 2^53; totals over all time are kept as big integers. */
const FOLD_ABOVE = 2 ** 50;

interface Line {
  readonly isMemo: boolean;
  recentCents: number;
  foldedCents: bigint;
}

export class TrialBalance {
  readonly #lines = new Map<LedgerCode, Line>();
  #cashSum = 0;
  #memoSum = 0;

  constructor() {
    for (const code of LEDGER_CODES) {
      this.#lines.set(code, { isMemo: isMemo(code), recentCents: 0, foldedCents: 0n });
    }
  }

  /** One side of a double entry; debits positive. Bound, to be passed as a sink. */
  readonly post = (code: LedgerCode, _owner: string, amountCents: number): void => {
    assert(Number.isSafeInteger(amountCents), "postings are whole cents");
    const line = this.#lines.get(code)!;
    if (line.isMemo) this.#memoSum += amountCents;
    else this.#cashSum += amountCents;
    const recentCents = line.recentCents + amountCents;
    line.recentCents = recentCents;
    if (recentCents > FOLD_ABOVE || recentCents < -FOLD_ABOVE) fold(line);
  };

  /** In each book every event's postings sum to zero. */
  closeEvent(): void {
    assert(this.#cashSum === 0, "an event's postings sum to zero, not to", this.#cashSum);
    assert(this.#memoSum === 0, "in the memo book they sum to zero, not to", this.#memoSum);
  }

  total(code: LedgerCode): bigint {
    return totalOf(this.#lines.get(code)!);
  }

  /**
   * What both books together are wrong by, in cents, neither set off against the other: zero, or
   * the books are wrong.
   */
  differenceCents(): bigint {
    let cash = 0n;
    let memo = 0n;
    for (const line of this.#lines.values()) {
      if (line.isMemo) memo += totalOf(line);
      else cash += totalOf(line);
    }
    return (cash < 0n ? -cash : cash) + (memo < 0n ? -memo : memo);
  }

  totals(): Record<LedgerCode, string> {
    const rows = [...this.#lines].map(([code, line]) => [code, totalOf(line).toString()]);
    return Object.fromEntries(rows) as Record<LedgerCode, string>;
  }

  static restore(totals: Readonly<Record<string, string>>): TrialBalance {
    const balance = new TrialBalance();
    for (const [code, total] of Object.entries(totals)) {
      assert(isLedgerCode(code), `the chart has ${code}`);
      balance.#lines.get(code)!.foldedCents = BigInt(total);
    }
    return balance;
  }
}

function fold(line: Line): void {
  line.foldedCents += BigInt(line.recentCents);
  line.recentCents = 0;
}

function totalOf({ foldedCents, recentCents }: Line): bigint {
  return foldedCents + BigInt(recentCents);
}
