// Sums for the report, taken from the models when everything has been read.

import { isOpen } from "./account-model.ts";
import type { EntryRules } from "./entry-rules.ts";
import { isVoidedWhole } from "./loan-status.ts";
import type { AuditTotals, LoanTotals } from "./report.ts";
import type { World } from "./world.ts";

export function totalsOf(world: World, rules: readonly EntryRules[]): AuditTotals {
  const accounts = [...world.accounts.values()];
  const loans = [...world.loans.values()];
  const books = [...world.books.values()];
  return {
    entries: sum(rules, (rule) => rule.entries),
    takeOvers: sum(rules, (rule) => rule.takeOvers),
    records: world.records,
    events: world.events,
    messages: world.messages.sentCount,
    messagesInFlight: world.messages.inFlight().length,
    messagesAhead: world.messages.ahead().length,
    accounts: accounts.length,
    loans: loans.length,
    bids: sum(loans, (loan) => loan.bids.size),
    depositedCents: sum(
      accounts,
      ({ depositedCents, custody }) => depositedCents + custody.depositedCents,
    ),
    paidOutCents: sum(accounts, ({ custody }) => custody.paidCents),
    clearings: sum(loans, (loan) => loan.repayment?.holders.clearings ?? 0),
    legs: sum(accounts, (account) =>
      sum([...account.positions.values()], (each) => each.clearings.size),
    ),
    availableCents: sum(accounts, (account) => account.availableCents),
    heldCents: sum(accounts, (account) => account.heldCents),
    raisedCents: sum(loans, (loan) => (isVoidedWhole(loan.status) ? 0 : loan.raisedCents)),
    clearingCents: 0 - sum(books, (book) => book.total("loan.clearing")),
    transitCents: sum(books, (book) => book.total("transit")),
    trialBalanceCents: sum(books, (book) => book.trialBalance()),
  };
}

export function loanTotalsOf(world: World): LoanTotals[] {
  const held = new Map<string, number>();
  for (const account of world.accounts.values()) {
    for (const hold of account.holds.values()) {
      if (isOpen(hold)) held.set(hold.loanId, (held.get(hold.loanId) ?? 0) + hold.amountCents);
    }
  }
  return [...world.loans.values()].map((loan) => ({
    loanId: loan.id,
    status: loan.status,
    principalCents: loan.terms.principalCents,
    raisedCents: loan.raisedCents,
    heldCents: held.get(loan.id) ?? 0,
    bids: [...loan.bids.values()].filter((bid) => !bid.cancelled).length,
  }));
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
