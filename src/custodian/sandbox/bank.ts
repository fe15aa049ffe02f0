// The bank itself: what it has booked, what it owes an answer for, and whether an order can be
// taken. `decide...` only reads, `evolve` only writes; nothing here knows time, disk or network, so
// the same file always gives the same bank.

import { assert, assertNever } from "../../money/assert.ts";
import { cents, ZERO_CENTS, type Cents } from "../../money/cents.ts";
import type { Notice, PayoutStatus, Reason } from "../port.ts";
import { readNotice, signedCents, type BalancedLine } from "../wire.ts";
import type { BankEvent, PayoutFields } from "./bank-event.ts";

export interface BankPayout extends PayoutFields {
  status: PayoutStatus;
  readonly acceptedAtMs: number;
  readonly failsFor: Reason | null;
}

/** A booking of the pooled custody account. */
export interface BankEntry extends BalancedLine, Pick<PayoutFields, "accountId"> {}

/** Deposits, payouts and refusals: beyond it the sandbox takes nothing more. */
const REFERENCES_MAX = 1_000_000;

export type Decision =
  | { readonly kind: "known"; readonly status: PayoutStatus }
  | { readonly kind: "conflict" }
  | { readonly kind: "full" }
  | { readonly kind: "new"; readonly refusedFor: Reason | null };

export class Bank {
  #bankId = "";
  #events = 0;
  #balanceCents: Cents = ZERO_CENTS;
  #reservedCents: Cents = ZERO_CENTS;
  readonly entries: BankEntry[] = [];
  readonly #deposits = new Map<string, BankEntry>();
  readonly #payouts = new Map<string, BankPayout>();
  /** Accepted and not yet booked or failed, in order of coming. */
  readonly pending = new Set<BankPayout>();
  /** Told to nobody yet, in the order in which they became true. */
  readonly notices = new Map<string, Notice>();

  get id(): string {
    return this.#bankId;
  }

  get eventCount(): number {
    return this.#events;
  }

  get balanceCents(): Cents {
    return this.#balanceCents;
  }

  /** Promised to accepted payouts and still part of the balance. */
  get reservedCents(): Cents {
    return this.#reservedCents;
  }

  /** The time of the last booking: a bank never books before it. */
  get lastBookedAtMs(): number {
    return this.entries.at(-1)?.bookedAtMs ?? 0;
  }

  payout(reference: string): BankPayout | undefined {
    return this.#payouts.get(reference);
  }

  /**
   * What to answer to an order. A reference keeps its first outcome for ever, refusals included: an
   * answer that was lost must be the same when it is asked for again.
   */
  decidePayout(order: PayoutFields): Decision {
    const known = this.#payouts.get(order.reference);
    if (known !== undefined) {
      const isSame =
        known.accountId === order.accountId &&
        known.amountCents === order.amountCents &&
        known.beneficiary === order.beneficiary;
      return isSame ? { kind: "known", status: known.status } : { kind: "conflict" };
    }
    if (this.#isFull) return { kind: "full" };
    const freeCents = this.#balanceCents - this.#reservedCents;
    const isCovered = order.amountCents <= freeCents;
    return { kind: "new", refusedFor: isCovered ? null : ("insufficient_funds" as Reason) };
  }

  /** The booking that has the reference already, or why there can be none. */
  decideDeposit(deposit: {
    readonly reference: string;
    readonly accountId: string;
    readonly amountCents: Cents;
  }): BankEntry | "conflict" | "full" | null {
    const known = this.#deposits.get(deposit.reference);
    if (known !== undefined) {
      const { accountId, amountCents } = deposit;
      const isSame = known.accountId === accountId && known.amountCents === amountCents;
      return isSame ? known : "conflict";
    }
    const wouldFit = Number.isSafeInteger(this.#balanceCents + deposit.amountCents);
    return this.#isFull || !wouldFit ? "full" : null;
  }

  get #isFull(): boolean {
    return this.#deposits.size + this.#payouts.size >= REFERENCES_MAX;
  }

  /** Returns what is to be told because of it, if anything. */
  evolve(event: BankEvent): Notice | null {
    this.#events++;
    assert((event.type === "opened") === (this.#events === 1), "`opened` comes first, and once");
    switch (event.type) {
      case "opened":
        this.#bankId = event.bankId;
        return null;
      case "deposit_booked": {
        const { reference, accountId, amountCents, bookedAtMs } = event;
        assert(!this.#deposits.has(reference), "a deposit is booked once");
        const entry = this.#book("deposit", { reference, accountId, amountCents }, bookedAtMs);
        this.#deposits.set(reference, entry);
        return this.#tell(event);
      }
      case "payout_accepted": {
        const { type: _, ...fields } = event;
        const payout: BankPayout = { ...fields, status: { status: "pending" } };
        this.#add(payout);
        this.pending.add(payout);
        this.#reservedCents = cents(this.#reservedCents + payout.amountCents);
        assert(this.#reservedCents <= this.#balanceCents, "no more is promised than there is");
        return null;
      }
      case "payout_refused": {
        const { type: _, refusedAtMs, reason, ...fields } = event;
        const status = { status: "refused", reason } as const;
        this.#add({ ...fields, status, acceptedAtMs: refusedAtMs, failsFor: null });
        return null;
      }
      case "payout_booked": {
        const payout = this.#end(event.reference);
        this.#book("payout", payout, event.bookedAtMs);
        payout.status = { status: "booked", bookedAtMs: event.bookedAtMs };
        return this.#tell({ ...payout, type: "payout_confirmed", bookedAtMs: event.bookedAtMs });
      }
      case "payout_failed": {
        const payout = this.#end(event.reference);
        const { reason, failedAtMs } = event;
        payout.status = { status: "failed", reason, failedAtMs };
        return this.#tell({ ...payout, type: "payout_failed", failedAtMs, reason });
      }
      case "notice_settled": {
        assert(this.notices.delete(event.notificationId), "a notice is settled once");
        return null;
      }
      default:
        return assertNever(event);
    }
  }

  #add(payout: BankPayout): void {
    assert(!this.#payouts.has(payout.reference), "a reference is used once");
    this.#payouts.set(payout.reference, payout);
  }

  #end(reference: string): BankPayout {
    const payout = this.#payouts.get(reference);
    assert(payout !== undefined && this.pending.delete(payout), "only a pending payout ends");
    this.#reservedCents = cents(this.#reservedCents - payout.amountCents);
    return payout;
  }

  #book(
    kind: BankEntry["kind"],
    { reference, accountId, amountCents }: Omit<PayoutFields, "beneficiary">,
    bookedAtMs: number,
  ): BankEntry {
    assert(bookedAtMs >= this.lastBookedAtMs, "bookings are in order of time");
    this.#balanceCents = cents(this.#balanceCents + signedCents({ kind, amountCents }));
    const balanceCents = this.#balanceCents;
    const entry = { kind, reference, accountId, amountCents, bookedAtMs, balanceCents };
    this.entries.push(entry);
    return entry;
  }

  /** The id follows from the event's number, so that a restart tells the same under the same id. */
  #tell(fields: object): Notice {
    const notificationId = `${this.#bankId}-${this.#events}`;
    const notice = readNotice({ ...fields, notificationId });
    assert(notice !== undefined, "the bank says what can be understood");
    this.notices.set(notificationId, notice);
    return notice;
  }
}
