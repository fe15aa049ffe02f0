// The auditor's own books: what each event must post, written from the meaning of the events and
// not from the server's ledger. It must never call the server's postings but to compare them.

import { LEG, LEG_ITEMS, legNetCents } from "../../actors/account/legs.ts";
import type { AccountEvent } from "../../actors/account/events.ts";
import { expectedOfCustody, isCustodyEvent } from "./custody-model.ts";
import type { LoanEvent } from "../../actors/loan/events.ts";
import type { PostingSink, Transit } from "../../actors/decider.ts";

/** Debits positive, credits negative. */
export interface Posting {
  /** Code and owner of the ledger account, `client.held:ann`. */
  readonly account: string;
  readonly amountCents: number;
}

/** The server's definitions, given so that they are audited too. */
export interface ServerLedger {
  accountPostings(event: AccountEvent, self: string, transit: Transit, post: PostingSink): void;
  loanPostings(event: LoanEvent, self: string, transit: Transit, post: PostingSink): void;
}

/** Money comes in, is reserved, is set free again, or leaves for a loan. */
export function expectedOfAccount(event: AccountEvent, self: string, transit: Transit): Posting[] {
  const available = `client.available:${self}`;
  const held = `client.held:${self}`;
  if (isCustodyEvent(event)) return expectedOfCustody(event, self);
  if (event.type === "Deposited") return move("asset.custody:", available, event.amountCents);
  if (event.type === "HoldPlaced") return move(available, held, event.amountCents);
  if (event.type === "HoldPosted") {
    const between = `transit:${transit.to({ kind: "loan", id: event.loanId })}`;
    return move(held, between, event.amountCents);
  }
  if (event.type === "RepaymentSent" || event.type === "DueCollected") {
    const between = `transit:${transit.to({ kind: "loan", id: event.loanId })}`;
    return move(available, between, event.amountCents);
  }
  if (
    event.type === "DisbursementReceived" ||
    event.type === "RepaymentReturned" ||
    event.type === "RepaymentConfirmed"
  ) {
    const between = `transit:${transit.from({ kind: "loan", id: event.loanId })}`;
    const backCents = event.type === "RepaymentConfirmed" ? event.returnedCents : event.amountCents;
    return move(between, available, backCents);
  }
  if ("releasedCents" in event) return move(held, available, event.releasedCents);
  return [];
}

/** Posted money reaches the loan that it was held for. */
export function expectedOfLoan(event: LoanEvent, self: string, transit: Transit): Posting[] {
  if (event.type !== "FundsCollected") return expectedOfRepayment(event, self, transit);
  const between = `transit:${transit.from({ kind: "account", id: event.accountId })}`;
  return move(between, `loan.clearing:${self}`, event.amountCents);
}

/** Paid out, divided and paid on; claims and debts beside it, in the memo book. */
function expectedOfRepayment(event: LoanEvent, self: string, transit: Transit): Posting[] {
  const clearing = `loan.clearing:${self}`;
  switch (event.type) {
    case "LoanDisbursed": {
      const { principalCents, originationFeeCents, borrowerId } = event;
      const between = `transit:${transit.to({ kind: "account", id: borrowerId })}`;
      return [
        ...move(clearing, "revenue.origination:", originationFeeCents),
        ...move(clearing, between, principalCents - originationFeeCents),
        ...move(`memo.claim:${self}`, `memo.debt:${self}`, principalCents),
      ];
    }
    case "RepaymentTaken": {
      const from = `transit:${transit.from({ kind: "account", id: event.accountId })}`;
      const back = `transit:${transit.to({ kind: "account", id: event.accountId })}`;
      const claim = event.isRecovery ? `memo.lost:${self}` : `memo.claim:${self}`;
      const dividedCents = event.principalCents + event.interestCents + event.penaltyCents;
      return [
        ...move(from, clearing, dividedCents),
        ...move(from, "revenue.early:", event.feeCents),
        ...move(from, back, event.returnedCents),
        ...move(`memo.debt:${self}`, claim, event.principalCents),
      ];
    }
    case "RepaymentDeclined": {
      const from = `transit:${transit.from({ kind: "account", id: event.accountId })}`;
      const back = `transit:${transit.to({ kind: "account", id: event.accountId })}`;
      return move(from, back, event.amountCents);
    }
    case "LegsAllotted": {
      let netCents = 0;
      let feesCents = 0;
      for (let leg = 0; leg * LEG_ITEMS < event.legs.length; leg++) {
        netCents += legNetCents(event, leg);
        feesCents += event.legs[leg * LEG_ITEMS + LEG.fee] as number;
      }
      return [
        ...move(clearing, "transit:legs", netCents),
        ...move(clearing, "revenue.service:", feesCents),
      ];
    }
    case "LoanWrittenOff":
      return move(`memo.lost:${self}`, `memo.claim:${self}`, event.outstandingCents);
    default:
      return [];
  }
}

/** A leg that its lender received. */
export function expectedOfLeg(accountId: string, netCents: number): Posting[] {
  return move("transit:legs", `client.available:${accountId}`, netCents);
}

function move(debit: string, credit: string, amountCents: number): Posting[] {
  if (amountCents === 0) return [];
  return [
    { account: debit, amountCents },
    { account: credit, amountCents: -amountCents },
  ];
}

/** What the server posts for the event, in the same form. */
export function collect(run: (post: PostingSink) => void): Posting[] {
  const postings: Posting[] = [];
  run((code, owner, amountCents) => postings.push({ account: `${code}:${owner}`, amountCents }));
  return postings;
}

export function sumOf(postings: readonly Posting[]): number {
  return postings.reduce((sum, posting) => sum + posting.amountCents, 0);
}

/** The order of postings has no meaning; neither has the split of one account's amount. */
export function samePostings(some: readonly Posting[], others: readonly Posting[]): boolean {
  const difference = new Map<string, number>();
  for (const { account, amountCents } of some) add(difference, account, amountCents);
  for (const { account, amountCents } of others) add(difference, account, -amountCents);
  return [...difference.values()].every((amountCents) => amountCents === 0);
}

export function add(balances: Map<string, number>, account: string, amountCents: number): void {
  balances.set(account, (balances.get(account) ?? 0) + amountCents);
}

/** The ledger accounts of one shard. */
export class Books {
  readonly balances = new Map<string, number>();

  post(postings: readonly Posting[]): void {
    for (const { account, amountCents } of postings) add(this.balances, account, amountCents);
  }

  of(account: string): number {
    return this.balances.get(account) ?? 0;
  }

  /** The sum of all accounts of this code. */
  total(code: string): number {
    let sum = 0;
    for (const [account, cents] of this.balances) if (account.startsWith(`${code}:`)) sum += cents;
    return sum;
  }

  trialBalance(): number {
    let sum = 0;
    for (const cents of this.balances.values()) sum += cents;
    return sum;
  }
}
