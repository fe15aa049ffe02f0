// What each planned request asks, drawn from the seed: the same plan gives the same requests in
// every run, whatever the server answers. Only which bid a cancel withdraws is known on the spot.

import { seeded } from "../../src/chance/chance.ts";
import { Arrivals, type Arrival } from "./arrivals.ts";
import { BID_CENTS_MAX, BID_CENTS_MIN, STEP_CENTS, type Plan } from "./plan.ts";
import { REPAY } from "./scenario.ts";
import { Zipf } from "./zipf.ts";

/** The number of the hot loan among those that take bids; market loans are 0 and up. */
export const HOT_LOAN = -1;

export interface PlannedRequest extends Arrival {
  /** Index of OPERATIONS. */
  operation: number;
  /** Which lender sends it; for a repayment, which borrower. */
  client: number;
  /** Index of the market's loans, or HOT_LOAN. */
  loan: number;
  amountCents: number;
  /** Of a bid: 0 exact, 1 upTo. */
  fill: 0 | 1;
}

export function emptyRequest(): PlannedRequest {
  return { atMs: 0, segment: 0, operation: 0, client: 0, loan: 0, amountCents: 0, fill: 0 };
}

const AMOUNTS = (BID_CENTS_MAX - BID_CENTS_MIN) / STEP_CENTS + 1;

/** The stream of one of several client processes; it has the lenders whose number leaves `part`. */
export class Requests {
  readonly #plan: Plan;
  readonly #arrivals: Arrivals;
  readonly #random: () => number;
  readonly #zipf: Zipf;
  readonly #part: number;
  readonly #parts: number;
  #repayments = 0;

  constructor(plan: Plan, part: number, parts: number) {
    this.#plan = plan;
    this.#arrivals = new Arrivals(plan, part, parts);
    this.#random = seeded((plan.seed ^ 0x0dd5) + part * 0x85ebca6b);
    this.#zipf = new Zipf(Math.max(1, plan.sizes.loans), plan.zipf);
    this.#part = part;
    this.#parts = parts;
  }

  /** The next one in `into`; false when the run is over. */
  next(into: PlannedRequest): boolean {
    if (!this.#arrivals.next(into)) return false;
    this.draw(into);
    return true;
  }

  /** All but the time, for a loop that has none. The segment is that of `into`. */
  draw(into: PlannedRequest): void {
    const random = this.#random;
    const { cumulativeMix, target } = this.#plan.segments[into.segment]!;
    const share = random();
    let operation = 0;
    while (share >= cumulativeMix[operation]!) operation++;
    into.operation = operation;
    const clients = this.clientsOf(operation);
    const nth = operation === REPAY ? this.#repayments++ : Math.floor(random() * clients);
    into.client = this.#own(clients, nth);
    const market = this.#zipf.at(random());
    into.loan = target === "hot" ? HOT_LOAN : market;
    into.amountCents = BID_CENTS_MIN + Math.floor(random() * AMOUNTS) * STEP_CENTS;
    into.fill = random() < 0.5 ? 0 : 1;
  }

  /** How many there are who may ask this: borrowers repay, lenders do all else. */
  clientsOf(operation: number): number {
    const { paidOutLoans, lenders } = this.#plan.sizes;
    return operation === REPAY ? paidOutLoans : lenders;
  }

  /** One of those that this process has, out of all. */
  #own(count: number, at: number): number {
    const mine = Math.max(1, Math.ceil((count - this.#part) / this.#parts));
    return (at % mine) * this.#parts + this.#part;
  }
}
