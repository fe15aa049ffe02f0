// What the server shows at the end against what its clients were told, asked over the
// protocol: for a server whose journal cannot be read. It finds money and bids that are lost,
// doubled or over-funded in what can be seen; it cannot find what nobody can see, and its
// report says which of the two it was.

import type { RequestPipe } from "../driver/request-pipe.ts";
import type { RequestLog } from "../driver/request-log.ts";
import type { Plan } from "../scenarios/plan.ts";
import { HOT_LOAN } from "../scenarios/requests.ts";
import { marketLoans, type Names } from "../scenarios/world.ts";
import { addBid, cancelBid, expectationsOf, type Expectations } from "./expectations.ts";

type View = Readonly<Record<string, unknown>>;

export interface WorldState {
  readonly lenders: readonly View[];
  /** Market loans; the hot one last, when there is one. */
  readonly loans: readonly View[];
  readonly paidOut: readonly View[];
}

/** What a watched account was pushed last. */
export interface Watched {
  readonly accountId: string;
  readonly lastEntry: number;
  readonly availableCents: number;
  readonly heldCents: number;
  readonly gaps: number;
  readonly cut: boolean;
}

export interface ProtocolAudit {
  readonly ok: boolean;
  readonly findings: readonly string[];
  readonly findingCount: number;
  readonly checked: {
    readonly accounts: number;
    readonly loans: number;
    readonly watchedAccounts: number;
    /** Requests without an answer that were asked about. */
    readonly outcomes: number;
  };
  readonly notChecked: readonly string[];
}

const FINDINGS_KEPT_MAX = 100;

export async function readWorld(
  operator: RequestPipe,
  plan: Plan,
  names: Names,
): Promise<WorldState> {
  const { sizes, hotCents } = plan;
  const markets = Array.from({ length: marketLoans(plan) }, (_, at) => names.loan(at));
  if (hotCents > 0) markets.push(names.loan(HOT_LOAN));
  const paidOut = Array.from({ length: sizes.paidOutLoans }, (_, at) => names.paidOutLoan(at));
  const lenders = Array.from({ length: sizes.lenders }, (_, at) => names.lender(at));
  return {
    lenders: await views(operator, "account.get", "accountId", lenders),
    loans: await views(operator, "loan.get", "loanId", markets, ["loan_not_found"]),
    paidOut: await views(operator, "loan.get", "loanId", paidOut),
  };
}

async function views(
  operator: RequestPipe,
  operation: "account.get" | "loan.get",
  key: string,
  names: readonly string[],
  tolerates: readonly string[] = [],
): Promise<View[]> {
  const found: View[] = names.map(() => ({}));
  await operator.send({
    operation,
    count: names.length,
    fields: (at) => ({ [key]: names[at]! }),
    onReply: (at, view) => (found[at] = view),
    tolerates,
  });
  return found;
}

export async function auditOverProtocol(
  operator: RequestPipe,
  plan: Plan,
  names: Names,
  logs: readonly RequestLog[],
  watches: readonly Watched[],
  before: WorldState,
): Promise<ProtocolAudit> {
  const expected = expectationsOf(logs);
  const outcomes = await askOutcomes(operator, names, expected);
  const after = await readWorld(operator, plan, names);
  const books = await booksOf(operator);
  return compareWorlds(plan, names, expected, watches, before, after, books, outcomes);
}

/** Pure: what is wrong with a world, given what its clients were told. */
export function compareWorlds(
  plan: Plan,
  names: Names,
  expected: Expectations,
  watches: readonly Watched[],
  before: WorldState,
  after: WorldState,
  books: View,
  outcomes: { readonly asked: number; readonly forgotten: number },
): ProtocolAudit {
  const findings = [...expected.findings];
  const notChecked = ["what is in the journal, and events that no view shows"];
  if (outcomes.forgotten > 0) {
    notChecked.push(
      `${outcomes.forgotten} requests without an answer that the server has forgotten`,
    );
  }
  compareLoans(names, expected, before, after, findings);
  compareHeld(names, expected, before, after, findings);
  if (plan.segments.some(({ event }) => event === "dueDate")) {
    notChecked.push("what each loan was repaid: the calendar collected instalments, too");
  } else if (expected.open.some(({ operation }) => operation === "repay")) {
    notChecked.push("what each loan was repaid: some repayments were never answered");
  } else {
    compareRepaid(names, expected, before, after, findings);
  }
  compareWatches(watches, names, after, findings);
  if (books["differenceCents"] !== 0) {
    findings.push(`the books differ by ${String(books["differenceCents"])} cents`);
  }
  if (books["inTransitCents"] !== 0) {
    findings.push(`${String(books["inTransitCents"])} cents are in transit at rest`);
  }
  return {
    ok: findings.length === 0,
    findings: findings.slice(0, FINDINGS_KEPT_MAX),
    findingCount: findings.length,
    checked: {
      accounts: after.lenders.length,
      loans: after.loans.length + after.paidOut.length,
      watchedAccounts: watches.filter(({ cut }) => !cut).length,
      outcomes: outcomes.asked,
    },
    notChecked,
  };
}

function compareLoans(
  names: Names,
  { raisedCents }: Expectations,
  before: WorldState,
  after: WorldState,
  findings: string[],
): void {
  const isHotLast = (at: number): boolean =>
    after.loans[at]!["loanId"] === names.loan(HOT_LOAN) && at === after.loans.length - 1;
  after.loans.forEach((view, at) => {
    const toldCents = raisedCents.get(isHotLast(at) ? HOT_LOAN : at) ?? 0;
    const isCents = cents(view, "raisedCents") - cents(before.loans[at]!, "raisedCents");
    if (isCents !== toldCents) {
      findings.push(
        `loan ${String(view["loanId"])} raised ${isCents}, clients know of ${toldCents}`,
      );
    }
    if (cents(view, "raisedCents") > cents(view, "principalCents")) {
      findings.push(`loan ${String(view["loanId"])} is over-funded`);
    }
  });
}

function compareHeld(
  names: Names,
  { heldCents }: Expectations,
  before: WorldState,
  after: WorldState,
  findings: string[],
): void {
  after.lenders.forEach((view, at) => {
    const toldCents = heldCents.get(at) ?? 0;
    const isCents = cents(view, "heldCents") - cents(before.lenders[at]!, "heldCents");
    if (isCents === toldCents) return;
    findings.push(`${names.lender(at)} has ${isCents} held, and knows of ${toldCents}`);
  });
}

/** Every cent that borrowers paid is with a lender, and every loan owes what it says. */
function compareRepaid(
  names: Names,
  { repaid }: Expectations,
  before: WorldState,
  after: WorldState,
  findings: string[],
): void {
  let paidCents = 0;
  after.paidOut.forEach((view, at) => {
    const told = repaid.get(at) ?? { clearings: 0, principalCents: 0, paidCents: 0 };
    paidCents += told.paidCents;
    const earlier = before.paidOut[at]!;
    const clearings = cents(view, "clearings") - cents(earlier, "clearings");
    const principal = cents(earlier, "outstandingCents") - cents(view, "outstandingCents");
    if (clearings === told.clearings && principal === told.principalCents) return;
    findings.push(
      `loan ${names.paidOutLoan(at)} was repaid ${principal} in ${clearings} clearings; its ` +
        `borrower was told ${told.principalCents} in ${told.clearings}`,
    );
  });
  const total = (world: WorldState): number =>
    world.lenders.reduce((sum, view) => {
      return sum + cents(view, "availableCents") + cents(view, "heldCents");
    }, 0);
  const gainedCents = total(after) - total(before);
  if (gainedCents !== paidCents) {
    findings.push(
      `lenders have ${gainedCents} more, borrowers were told that they paid ${paidCents}`,
    );
  }
}

/** Whoever watched an account knows it as it is: each entry once, and the last balance. */
function compareWatches(
  watches: readonly Watched[],
  names: Names,
  after: WorldState,
  findings: string[],
): void {
  const byName = new Map(after.lenders.map((view, at) => [names.lender(at), view]));
  for (const watch of watches) {
    const view = byName.get(watch.accountId);
    if (watch.gaps > 0) findings.push(`${watch.accountId} was pushed entries with gaps or twice`);
    if (watch.cut || view === undefined) continue;
    const same =
      view["entry"] === watch.lastEntry &&
      view["availableCents"] === watch.availableCents &&
      view["heldCents"] === watch.heldCents;
    if (same) continue;
    findings.push(
      `${watch.accountId} is at entry ${String(view["entry"])}, its watcher at ${watch.lastEntry}`,
    );
  }
}

/** Asks what became of requests without an answer; what is known then counts as told. */
async function askOutcomes(
  operator: RequestPipe,
  names: Names,
  expected: Expectations,
): Promise<{ asked: number; forgotten: number }> {
  let forgotten = 0;
  const asked = expected.open.filter(({ operation }) => operation !== "repay");
  await operator.send({
    operation: "request.outcome",
    count: asked.length,
    fields: (at) => {
      const { requestId, client } = asked[at]!;
      return { requestId, accountId: names.lender(client) };
    },
    onReply: (at, view) => {
      const { operation, client, loan, bidId } = asked[at]!;
      if (view["state"] === "too_old") forgotten++;
      if (view["state"] !== "done") return;
      if (operation === "cancel") cancelBid(expected, client, bidId, null);
      else addBid(expected, client, loan, cents(view, "bidId"), cents(view, "filledCents"));
    },
  });
  return { asked: asked.length, forgotten };
}

async function booksOf(operator: RequestPipe): Promise<View> {
  let books: View = {};
  await operator.send({
    operation: "books.get",
    count: 1,
    fields: () => ({}),
    onReply: (_, view) => (books = view),
  });
  return books;
}

function cents(view: View, name: string): number {
  const value = view[name];
  return typeof value === "number" ? value : 0;
}
