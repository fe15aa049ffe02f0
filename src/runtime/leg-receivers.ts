// Who receives the legs of a loan, found once. A loan has the same holders at each repayment, and
// looking each of them up, in the table of residents and among the account's positions, was a third
// of what a leg took with a thousand lenders in each of a thousand loans: memory that no cache of
// the processor has. What is remembered here only saves that; it decides nothing.

import { legReceiver, positionPlace, type PayLegs } from "../../actors/account/legs.ts";
import { accountOf, type Cell } from "./cell.ts";

const UNKNOWN = -1;
/** A message takes as much memory as so many receivers: small ones must not be nearly free. */
const MESSAGE_COUNT = 32;

/** Receivers of messages with the same first leg of the same loan, by leg. */
export class LegReceivers {
  readonly #cells: (Cell | null)[] = [];
  /** Where each one has its position in the loan: it stays there. */
  readonly #places: number[] = [];

  /** What it takes of memory, in receivers. */
  get count(): number {
    return MESSAGE_COUNT + this.#cells.length;
  }

  /**
   * Who received this leg the last time; undefined if it was another account, or has left memory.
   */
  cell(leg: number, id: string): Cell | undefined {
    const cell = this.#cells[leg];
    if (cell === undefined || cell === null) return undefined;
    return cell.id === id && cell.phase !== "gone" ? cell : undefined;
  }

  set(leg: number, cell: Cell): void {
    // A start may go on in the middle of a message.
    while (this.#cells.length < leg) {
      this.#cells.push(null);
      this.#places.push(UNKNOWN);
    }
    this.#cells[leg] = cell;
    this.#places[leg] = UNKNOWN;
  }

  /** Of the receiver that was set, when it is in memory. */
  positionPlace(fan: PayLegs, leg: number): number {
    const known = this.#places[leg]!;
    if (known !== UNKNOWN) return known;
    const place = positionPlace(accountOf(this.#cells[leg]!), fan);
    this.#places[leg] = place;
    return place;
  }
}

/** Those of the loans that were repaid last: so many receivers, or at least one message. */
export class ReceiversOfLoans {
  readonly #receiversMax: number;
  readonly #byMessage = new Map<string, LegReceivers>();
  #count = 0;

  constructor(receiversMax: number) {
    this.#receiversMax = receiversMax;
  }

  get count(): number {
    return this.#count;
  }

  /** A large loan tells its holders in several messages: they are told apart by their first. */
  of(fan: PayLegs): LegReceivers {
    const key = `${fan.loanId} ${legReceiver(fan, 0)}`;
    const known = this.#byMessage.get(key);
    const receivers = known ?? new LegReceivers();
    // The last one used stands last.
    this.#byMessage.delete(key);
    this.#byMessage.set(key, receivers);
    if (known === undefined) this.grown(receivers.count);
    return receivers;
  }

  /** To be told how many more are known of those that were used last. */
  grown(receivers: number): void {
    this.#count += receivers;
    // A walk that ends at once is not short: places of those that were taken out are passed first.
    if (this.#count <= this.#receiversMax) return;
    for (const [key, oldest] of this.#byMessage) {
      if (this.#count <= this.#receiversMax || this.#byMessage.size === 1) return;
      this.#byMessage.delete(key);
      this.#count -= oldest.count;
    }
  }
}
