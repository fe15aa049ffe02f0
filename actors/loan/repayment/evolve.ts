// Applies what happens to a loan from its disbursement on. No rules, only assertions. But what a
// loan still owes is too much to stand in each event, so it is reckoned anew here, by lending
// and money: the schedule at the disbursement, penalties of a day, the waterfall, what an early
// part leaves, the split among holders. That arithmetic is therefore part of what journals mean.
// It never changes for a loan that exists: another one is a new version in lending/rules.ts,
// which the loan has from its disbursement (LoanDisbursed), with both versions kept, in the
// auditor too, and a golden journal.

import { businessDate } from "../../../src/lending/business-date.ts";
import { earlyInPart } from "../../../src/lending/early-repayment.ts";
import { isLendingRules } from "../../../src/lending/rules.ts";
import { allocate } from "../../../src/lending/waterfall.ts";
import { assert, assertNever } from "../../../src/money/assert.ts";
import { feeBps } from "../../../src/money/rate.ts";
import { wasPaidOut, type LoanState, type RepayingLoan } from "../loan.ts";
import { evolveWriteOff } from "../write-off/evolve.ts";
import type { RepaymentEvent } from "./events.ts";
import {
  duesAfter,
  duesOf,
  outstandingCents,
  owedOf,
  startRepayment,
  workOf,
} from "./repayment.ts";

export function evolveRepayment(loan: LoanState, event: RepaymentEvent): LoanState {
  if (event.type === "LoanDisbursed") {
    assert(loan.status === "collected", "a loan is disbursed once, with all its money there");
    const { loanId, outcomes, terms, origin, book } = loan;
    assert(isLendingRules(event.rules), "a loan is reckoned by rules that are known", event.rules);
    const lenders = loan.byStandingBids ? book.lendersByStandingBid() : book.lendersByFirstBid();
    const repayment = startRepayment(terms, lenders, event.day, event.rules);
    assert(repayment.holders.totalCents === event.principalCents, "holders hold the principal");
    return { status: "repaying", loanId, outcomes, terms, origin, book, repayment };
  }
  if (event.type === "RepaymentDeclined") return loan;
  assert(wasPaidOut(loan), "the loan was paid out", event.type);
  const { repayment, terms } = loan;
  switch (event.type) {
    case "DayWorked": {
      const work = workOf(repayment, terms, event.day);
      assert(work.newPenaltyCents === event.newPenaltyCents, "penalties are what was decided");
      assert(owedOf(work.dues) === event.owedCents, "what is owed is what was decided");
      repayment.plan = work.plan;
      repayment.dues = [...work.dues];
      repayment.workedThrough = event.day;
      repayment.wakeOn = event.wakeOn;
      repayment.isCollecting = event.owedCents > 0;
      return loan;
    }
    case "NothingCollected":
      repayment.isCollecting = false;
      repayment.wakeOn = event.wakeOn;
      return loan;
    case "RepaymentTaken":
      return take(loan, event);
    case "LegsAllotted": {
      const open = repayment.openClearings[0];
      assert(open?.clearingNo === event.clearingNo, "clearings are told in order");
      open.next = event.nextHolder;
      if (event.last) repayment.openClearings.shift();
      return loan;
    }
    case "LoanDefaulted":
      assert(loan.status === "repaying", "a repaying loan defaults");
      return { ...loan, status: "defaulted" };
    case "LoanCured":
      assert(loan.status === "defaulted", "a loan in default is cured");
      assert(repayment.dues.length === 0, "a cured loan owes nothing now");
      // What was proposed was to write off a loan in default.
      repayment.writeOff.proposal = null;
      return { ...loan, status: "repaying" };
    case "WriteOffProposed":
    case "WriteOffReturned":
    case "LoanWrittenOff":
      return evolveWriteOff(loan, event);
    case "LoanSettled":
      assert(outstandingCents(repayment) === 0, "a settled loan owes nothing");
      return { ...loan, status: "settled" };
    default:
      return assertNever(event);
  }
}

function take(
  loan: RepayingLoan,
  event: Extract<RepaymentEvent, { type: "RepaymentTaken" }>,
): LoanState {
  const { repayment, terms } = loan;
  const { clearingNo, day, instalment, mode } = event;
  const { principalCents, interestCents, penaltyCents, feeCents, returnedCents } = event;
  const partsCents = principalCents + interestCents + penaltyCents + feeCents + returnedCents;
  assert(partsCents === event.amountCents, "the parts sum to the payment");
  assert(clearingNo === repayment.clearings.length + 1, "clearings are numbered without a gap");
  const debtCents = outstandingCents(repayment) - principalCents;
  const on = businessDate(day);
  if (mode === "due" || mode === "collected") {
    const { settled } = allocate(duesOf(repayment), event.amountCents - returnedCents, on);
    repayment.dues = duesAfter(repayment.dues, settled);
  } else if (mode === "early_full") {
    repayment.plan = { ...repayment.plan, accruesFrom: on, instalments: [] };
  } else {
    const keep = mode === "early_keep_term" ? "term" : "instalment";
    const part = earlyInPart(
      repayment.plan,
      on,
      event.amountCents,
      feeBps(terms.earlyFeeBps),
      keep,
    );
    assert(part.refused === null, "an early repayment that was decided is possible");
    repayment.plan = part.plan;
  }
  assert(outstandingCents(repayment) === debtCents, "the debt falls by the principal repaid");
  if (mode === "collected") repayment.isCollecting = false;
  repayment.workedThrough = Math.max(repayment.workedThrough, day);
  // While the calendar waits for the borrower's account, it goes on waiting.
  repayment.wakeOn = event.wakeOn;
  const series = { principalCents, interestCents, penaltyCents };
  const legs = repayment.holders.split(series);
  assert(
    repayment.holders.splitCents("principal") + debtCents === repayment.holders.totalCents,
    "what came back and what is owed are the principal",
  );
  repayment.clearings.push({ clearingNo, day, instalment, feeCents, ...series });
  repayment.openClearings.push({ clearingNo, instalment, legs, next: 0 });
  return loan;
}
