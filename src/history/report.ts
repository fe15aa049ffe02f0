// What the auditor looks for, and what it reports. It must never decide what is right: a check here
// is a name, the invariant behind it (INVARIANTS.md) and one sentence for people.

import type { ActionTotals } from "./client-actions.ts";

export const CHECKS = {
  // the chain of entries
  chain_broken: [9, "an entry, the head or a MAC is not what the owner wrote"],
  entry_unreadable: [9, "the bytes of an entry are not a batch that this program knows"],
  entry_id_gap: [9, "entries of an epoch are numbered 0, 1, 2 ... without a gap"],
  fence_passed: [9, "an epoch begins with its take-over, and no older epoch writes after it"],
  behind_anchor: [8, "what was acknowledged up to the anchor is in the journal"],
  anchor_invalid: [9, "an anchor is what the owner of its shard wrote"],
  snapshots_differ: [8, "snapshots are those that were written last, and what the journal says"],
  head_differs: [9, "the head names the last entry"],
  record_number_gap: [9, "records of a shard are numbered without a gap"],
  message_number_gap: [9, "messages of a shard are numbered without a gap"],
  version_gap: [9, "an actor's versions are numbered without a gap"],
  actor_in_wrong_shard: [9, "an actor's records are in its own shard"],
  // messages
  message_not_pending: [11, "a message is carried out once, by its receiver, after it was sent"],
  message_misread: [11, "what an actor did is what its message asked for"],
  event_without_cause: [11, "what only a message can bring about has its message"],
  message_left_over: [11, "at rest every message was carried out"],
  link_broken: [11, "messages between two shards arrive as they were sent: 1, 2, 3 ..."],
  link_acknowledged_early: [11, "a shard forgets messages only when the other one has them"],
  // money
  amount_unsafe: [12, "amounts and numbers are safe integers"],
  postings_unbalanced: [1, "the postings of an event sum to zero"],
  postings_differ: [1, "the server's postings are those that the auditor expects of the event"],
  books_differ: [1, "the books say what accounts, holds and loans say"],
  transit_differs: [1, "money in transit is what messages in flight carry"],
  balance_negative: [2, "neither part of a balance is negative"],
  held_differs: [2, "held money is the sum of the open holds"],
  event_impossible: [3, "an event fits what happened before it"],
  // the custodian bank
  deposit_twice: [7, "a deposit of the custodian is booked once for each reference"],
  withdrawal_wrong: [7, "a withdrawal is held once, and ends once, with the same amount"],
  // loans
  raised_out_of_range: [3, "raised is between zero and the principal"],
  bid_after_close: [3, "no bid is taken before the opening or after the closing of a listing"],
  fill_wrong: [3, "a bid gets what the terms and the remainder allow: no more, no less"],
  refusal_untrue: [3, "the reason of a refusal is true"],
  bid_without_hold: [4, "a bid has its hold, and a hold has its bid"],
  // applications
  privileged_alone: [13, "a privileged change has two persons, and neither is the borrower"],
  contract_differs: [13, "what is signed and listed is the contract of the approved terms"],
  listed_unapproved: [13, "a loan is listed on a signed contract, or directly by an operator"],
  application_uncounted: [4, "an open application has its account, and the account has it"],
  // repayment
  disbursement_wrong: [3, "a loan is paid out once, as its terms say"],
  owed_wrong: [6, "what falls due, and what being late costs, is what the terms say"],
  accrued_twice: [6, "a day is worked once for a loan, when it has come"],
  day_wrong: [6, "business dates follow each other, and records and letters carry theirs"],
  status_wrong: [6, "a loan is in default after 90 days, and settled when nothing is owed"],
  division_wrong: [5, "a payment settles the oldest first: penalty, interest, principal"],
  fee_wrong: [5, "fees are what the terms say"],
  legs_wrong: [5, "every holder of a payment is told once, and the legs are the payment"],
  share_wrong: [5, "each holder has its exact share to within a cent, and all of it at the end"],
  position_differs: [5, "what a lender received of a loan is what the loan told it"],
  claims_differ: [1, "claims are debts, and both are what is outstanding"],
  // requests
  request_effect_twice: [7, "a request has an effect at most once"],
  client_lost: [8, "what was acknowledged to a client is in the journal"],
  client_differs: [8, "what was acknowledged to a client is what the journal says"],
  client_told_early: [10, "a client is told nothing before the journal has it"],
  client_refused_but_effective: [7, "what was refused to a client had no effect"],
  client_doubled: [4, "a client's request is in the journal once"],
  client_unknown: [7, "every bid of a loan was asked for by a client"],
} as const satisfies Record<string, readonly [invariant: number, about: string]>;

export type Check = keyof typeof CHECKS;

/** Where something stands in the journals. */
export interface Place {
  /** Null when it concerns no single shard. */
  readonly shard: number | null;
  /** `epoch-seq` of the entry, or null when it concerns no single one. */
  readonly position: string | null;
}

export interface Violation extends Place {
  readonly check: Check;
  readonly detail: string;
}

export interface AuditTotals {
  readonly entries: number;
  readonly takeOvers: number;
  readonly records: number;
  readonly events: number;
  readonly messages: number;
  /** Sent and not yet carried out. */
  readonly messagesInFlight: number;
  /** Of a shard that went on after it was read, and so not compared with what it sent. */
  readonly messagesAhead: number;
  readonly accounts: number;
  readonly loans: number;
  readonly bids: number;
  /** Payments that were divided among holders, and what of each reached a lender. */
  readonly clearings: number;
  readonly legs: number;
  readonly depositedCents: number;
  /** What withdrawals took to the clients' own banks. */
  readonly paidOutCents: number;
  readonly availableCents: number;
  readonly heldCents: number;
  /** Raised by all loans that have not expired. */
  readonly raisedCents: number;
  readonly clearingCents: number;
  readonly transitCents: number;
  /** Sum of all ledger accounts of all shards; zero when the books balance. */
  readonly trialBalanceCents: number;
}

/** What the clients' own logs came to, measured against the journal. */
export interface ClientTotals {
  readonly requests: number;
  readonly accepted: number;
  /** Refusals that actors gave, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Turned away at the edge: nothing is remembered of them, whatever the journal says holds. */
  readonly turnedAway: Readonly<Record<string, number>>;
  readonly unanswered: number;
  readonly lost: number;
  readonly doubled: number;
}

export interface LoanTotals {
  readonly loanId: string;
  readonly status: string;
  readonly principalCents: number;
  readonly raisedCents: number;
  /** Money that holds of this loan's bids reserve. */
  readonly heldCents: number;
  readonly bids: number;
}

export interface AuditReport {
  readonly ok: boolean;
  /**
   * `full`: every journal begins at its first entry, all checks were made. `trimmed`: at least one
   * begins later, so nothing is known of what came before: only chain, numbers and sums of what is
   * there were checked.
   */
  readonly coverage: "full" | "trimmed";
  /** The first ones; `violationCount` counts all. */
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  readonly totals: AuditTotals;
  readonly loans: readonly LoanTotals[];
  readonly clients: ClientTotals | null;
  /** Of cancels and repayments; null when none were given. */
  readonly actions: ActionTotals | null;
}

const VIOLATIONS_KEPT_MAX = 200;

/** Collects violations; knows where the auditor stands, so that checks need not say it. */
export class Findings {
  readonly kept: Violation[] = [];
  count = 0;
  #shard: number | null = null;
  #position: string | null = null;

  /** Where the auditor stands. */
  get place(): Place {
    return { shard: this.#shard, position: this.#position };
  }

  stand(shard: number | null, position: string | null): void {
    this.#shard = shard;
    this.#position = position;
  }

  add(check: Check, detail: string): void {
    this.count++;
    if (this.kept.length >= VIOLATIONS_KEPT_MAX) return;
    this.kept.push({ check, shard: this.#shard, position: this.#position, detail });
  }

  expect(holds: boolean, check: Check, detail: () => string): boolean {
    if (!holds) this.add(check, detail());
    return holds;
  }
}
