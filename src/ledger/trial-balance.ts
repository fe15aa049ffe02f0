// The trial balance of a shard, kept up to date with each event: one total a ledger code. The sum
// of all totals is zero at every moment, or the books are wrong and the shard must stop.

import { assert } from "../money/assert.ts";
import { isLedgerCode, LEDGER_CODES, type LedgerCode } from "./chart.ts";

/** Sums inside one batch stay far below 2^53; totals over all time are kept as big integers. */
const FOLD_ABOVE = 2 ** 50;

export class TrialBalance {
  readonly #recent = new Map<LedgerCode, number>();
  readonly #totals = new Map<LedgerCode, bigint>();
  #eventSum = 0;

  constructor() {
    for (const code of LEDGER_CODES) {
      this.#recent.set(code, 0);
      this.#totals.set(code, 0n);
    }
  }

  /** One side of a double entry; debits positive. Bound, to be passed as a sink. */
  readonly post = (code: LedgerCode, _owner: string, amountCents: number): void => {
    assert(Number.isSafeInteger(amountCents), "postings are whole cents");
    this.#eventSum += amountCents;
    const recent = this.#recent.get(code)! + amountCents;
    this.#recent.set(code, recent);
    if (recent > FOLD_ABOVE || recent < -FOLD_ABOVE) this.#fold(code);
  };

  /** Every event's postings sum to zero. */
  closeEvent(): void {
    assert(this.#eventSum === 0, "an event's postings sum to zero, not to", this.#eventSum);
  }

  #fold(code: LedgerCode): void {
    this.#totals.set(code, this.#totals.get(code)! + BigInt(this.#recent.get(code)!));
    this.#recent.set(code, 0);
  }

  total(code: LedgerCode): bigint {
    return this.#totals.get(code)! + BigInt(this.#recent.get(code)!);
  }

  /** The sum over all codes, in cents: zero, or the books are wrong. */
  differenceCents(): bigint {
    let sum = 0n;
    for (const code of this.#totals.keys()) sum += this.total(code);
    return sum;
  }

  totals(): Record<LedgerCode, string> {
    const rows = [...this.#totals.keys()].map((code) => [code, this.total(code).toString()]);
    return Object.fromEntries(rows) as Record<LedgerCode, string>;
  }

  static restore(totals: Readonly<Record<string, string>>): TrialBalance {
    const balance = new TrialBalance();
    for (const [code, total] of Object.entries(totals)) {
      assert(isLedgerCode(code), `the chart has ${code}`);
      balance.#totals.set(code, BigInt(total));
    }
    return balance;
  }
}
