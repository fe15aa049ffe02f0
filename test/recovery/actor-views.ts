// What can be said of actors in plain words: views, entries, bids, outcomes. A state that grows by
// a field still has all of these, so a golden journal is compared by them for ever.

import { accountView, type AccountState } from "../../actors/account/account.ts";
import { formatRequestId } from "../../actors/address.ts";
import { applicationOf } from "../../actors/loan/application/application.ts";
import { applicationView } from "../../actors/loan/application/view.ts";
import { isOnMarket, loanView, type LoanState } from "../../actors/loan/loan.ts";
import type { OutcomeWindow } from "../../actors/outcome-window.ts";
import { cellKey, type Cell } from "../../src/runtime/cell.ts";

export type ActorViews = Readonly<Record<string, object>>;

/** By name of the actor, in the order of names. */
export function actorViews(cells: Iterable<Cell>): ActorViews {
  const views: [string, object][] = [];
  for (const cell of cells) {
    if (cell.isAbsent) continue;
    const { version } = cell;
    const view = cell.kind.name === "account" ? accountWords(cell) : loanWords(cell);
    views.push([cellKey(cell.kind.name, cell.id), { version, ...view }]);
  }
  return Object.fromEntries(views.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function accountWords(cell: Cell): object {
  const account = cell.state as unknown as AccountState;
  if (account.status === "absent") throw new Error(`${cell.id} has a version and no state`);
  const { outcomes, entries, applications } = account;
  return {
    applications,
    view: accountView(account),
    entries: entries.after(0),
    outcomes: outcomeWords(outcomes),
  };
}

function loanWords(cell: Cell): object {
  const loan = cell.state as unknown as LoanState;
  if (loan.status === "absent") throw new Error(`${cell.id} has a version and no state`);
  const application = applicationOf(loan);
  const words = {
    outcomes: outcomeWords(loan.outcomes),
    application: applicationView(loan, true),
    borrowers: application === null ? [] : outcomeWords(application.outcomes),
  };
  if (!isOnMarket(loan)) return words;
  const { book } = loan;
  const bids = Array.from({ length: book.count }, (_, at) => book.get(at + 1));
  return { ...words, view: loanView(loan), bids };
}

function outcomeWords(outcomes: OutcomeWindow): object[] {
  return [...outcomes.entries()].map(({ requestId, fingerprint, outcome }) => ({
    requestId: formatRequestId(requestId),
    fingerprint,
    outcome: outcome ?? null,
  }));
}
