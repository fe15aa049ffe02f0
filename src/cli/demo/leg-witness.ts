// Every leg of the loan's repayments as the journal has it, against what each lender wrote down. It
// reads the journal while the auditor does, and asks nothing of the server.

import { LEG, LEG_ITEMS } from "../../../actors/account/legs.ts";
import { ACTOR_LAYOUTS } from "../../../actors/kinds.ts";
import type { LoanEvent } from "../../../actors/loan/events.ts";
import { UPCASTERS } from "../../../actors/upcasters.ts";
import type { JournalEntry } from "../../history/audit.ts";
import { RecordCodec } from "../../journal/records.ts";
import type { AccountLog } from "./lender-streams.ts";

/** One leg: lender, clearing, principal, interest, penalty and fee, in one text. */
type LegText = string;

export interface LegFigures {
  /** Payments that were divided. */
  readonly repayments: number;
  readonly legs: number;
  readonly principalCents: number;
  /** Interest and penalties, before the service fee. */
  readonly interestCents: number;
  readonly serviceFeeCents: number;
  /**
   * In the journal and not told to the lender as it stands there; or told and not in the journal.
   */
  readonly lost: number;
  /** Told or journaled more than once. */
  readonly doubled: number;
}

export class LegWitness {
  readonly #loanId: string;
  readonly #codec = new RecordCodec(ACTOR_LAYOUTS, UPCASTERS);
  readonly #journaled = new Map<LegText, number>();
  /** By the cause of a row of legs and its shard: the leg up to which they were received. */
  readonly #receivedUpTo = new Map<string, number>();
  readonly #receivedByEpoch = new Map<number, number>();
  #repayments = 0;
  #principalCents = 0;
  #interestCents = 0;
  #serviceFeeCents = 0;

  constructor(loanId: string) {
    this.#loanId = loanId;
  }

  /** Hands the entries of a shard on, and reads them on the way. */
  async *observe(
    shard: number,
    entries: Iterable<JournalEntry> | AsyncIterable<JournalEntry>,
  ): AsyncGenerator<JournalEntry> {
    for await (const entry of entries) {
      if (entry.position.seq > 0) this.#read(shard, entry);
      yield entry;
    }
  }

  #read(shard: number, { position, payload }: JournalEntry): void {
    for (const record of this.#codec.read(payload).records) {
      if (record.record === "legs") {
        const key = `${shard}/${record.cause}`;
        const count = record.upTo - (this.#receivedUpTo.get(key) ?? 0);
        this.#receivedUpTo.set(key, record.upTo);
        const { epoch } = position;
        this.#receivedByEpoch.set(epoch, (this.#receivedByEpoch.get(epoch) ?? 0) + count);
      } else if (record.record === "act" && record.id === this.#loanId) {
        for (const event of record.events as readonly LoanEvent[]) this.#event(event);
      }
    }
  }

  #event(event: LoanEvent): void {
    if (event.type === "RepaymentTaken") this.#repayments++;
    if (event.type !== "LegsAllotted") return;
    for (let at = 0; at < event.legs.length; at += LEG_ITEMS) {
      const account = event.legs[at + LEG.account] as string;
      const principal = event.legs[at + LEG.principal] as number;
      const interest = event.legs[at + LEG.interest] as number;
      const penalty = event.legs[at + LEG.penalty] as number;
      const fee = event.legs[at + LEG.fee] as number;
      this.#principalCents += principal;
      this.#interestCents += interest + penalty;
      this.#serviceFeeCents += fee;
      count(
        this.#journaled,
        legText(account, event.clearingNo, [principal, interest, penalty, fee]),
      );
    }
  }

  /** Legs that lenders received, in the journal, under this epoch of the owner. */
  receivedIn(epoch: number): number {
    return this.#receivedByEpoch.get(epoch) ?? 0;
  }

  /** What is in the journal, against the lenders' own logs. */
  compare(logs: Iterable<AccountLog>): LegFigures {
    const told = new Map<LegText, number>();
    for (const { accountId, entries } of logs) {
      for (const entry of entries) {
        if (entry.kind !== "repayment_received" || entry.loanId !== this.#loanId) continue;
        const { principalCents, interestCents, penaltyCents, feeCents, clearing } = entry;
        const parts = [principalCents, interestCents, penaltyCents, feeCents];
        count(told, legText(accountId, clearing, parts));
      }
    }
    let lost = 0;
    let doubled = 0;
    for (const [leg, times] of this.#journaled) {
      if (times > 1 || (told.get(leg) ?? 0) > 1) doubled++;
      if (!told.has(leg)) lost++;
    }
    for (const [leg, times] of told) {
      if (this.#journaled.has(leg)) continue;
      lost++;
      if (times > 1) doubled++;
    }
    return {
      repayments: this.#repayments,
      legs: [...this.#journaled.values()].reduce((sum, times) => sum + times, 0),
      principalCents: this.#principalCents,
      interestCents: this.#interestCents,
      serviceFeeCents: this.#serviceFeeCents,
      lost,
      doubled,
    };
  }
}

function legText(
  accountId: string,
  clearing: number | null,
  parts: readonly (number | null)[],
): LegText {
  return [accountId, clearing, ...parts].join("/");
}

function count(counts: Map<LegText, number>, leg: LegText): void {
  counts.set(leg, (counts.get(leg) ?? 0) + 1);
}
