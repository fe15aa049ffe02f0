// A loan from its disbursement to its end: paid out once, repaid, late, in default, settled. What
// is owed is reckoned in repayment-model.ts. It must never use the server's decide or evolve.

import type { RepaymentEvent } from "../../actors/loan/repayment/events.ts";
import type { WriteOffEvent } from "../../actors/loan/write-off/events.ts";
import { bpsShareOf } from "./exact.ts";
import { HolderBook, legsOf } from "./holder-book.ts";
import type { LoanModel } from "./loan-model.ts";
import { pass } from "./loan-status.ts";
import {
  applyDayWorked,
  applyNothingCollected,
  applyTaken,
  DEFAULT_AFTER_DAYS,
  isPaid,
  lateDays,
  outstandingCents,
  type RepaymentModel,
} from "./repayment-model.ts";
import type { Findings } from "./report.ts";
import { slowPlan } from "./slow-schedule.ts";
import { applyWriteOff } from "./write-off-model.ts";

export type RepaymentFact = Exclude<RepaymentEvent, { type: "RepaymentDeclined" }>;

const OF_PAYMENTS: ReadonlySet<RepaymentFact["type"]> = new Set<RepaymentFact["type"]>([
  "LoanSettled",
  "LoanDefaulted",
  "LoanCured",
]);

/** `day` is the business date of the shard. */
export function applyRepayment(
  loan: LoanModel,
  event: RepaymentFact,
  day: number,
  findings: Findings,
): void {
  // A payment counts for the last day whose work is done, and so does
  // what it brings, or its absence.
  const paidOn = loan.repayment?.workedThrough ?? day;
  const right = OF_PAYMENTS.has(event.type) ? paidOn : day;
  if ("day" in event && event.type !== "RepaymentTaken") {
    findings.expect(
      event.day === right,
      "day_wrong",
      () => `${event.type} of ${loan.id} on day ${event.day}, it is ${right}`,
    );
  }
  if (event.type === "LoanDisbursed") {
    disburse(loan, event, findings);
    return;
  }
  const { repayment } = loan;
  if (repayment === null) {
    findings.add("event_impossible", `${event.type} of ${loan.id}, which is ${loan.status}`);
    return;
  }
  const repaying = { ...loan, repayment };
  switch (event.type) {
    case "DayWorked":
      expectDebt(loan, event.type, findings);
      applyDayWorked(repaying, event, findings);
      return;
    case "NothingCollected":
      applyNothingCollected(repaying, event.wakeOn, findings);
      return;
    case "RepaymentTaken":
      expectDebt(loan, event.type, findings);
      loan.clearingCents += event.principalCents + event.interestCents + event.penaltyCents;
      findings.expect(
        event.isRecovery === (loan.status === "written_off"),
        "status_wrong",
        () => `${loan.id}, which is ${loan.status}: recovery ${event.isRecovery}`,
      );
      applyTaken(repaying, event, day, findings);
      return;
    case "LegsAllotted":
      for (const { principalCents, interestCents, penaltyCents } of legsOf(event.legs)) {
        loan.clearingCents -= principalCents + interestCents + penaltyCents;
      }
      repayment.holders.tell(event, findings);
      return;
    case "LoanDefaulted":
      pass(loan, "repaying", "defaulted", event.type, findings);
      findings.expect(
        lateDays(repayment) > DEFAULT_AFTER_DAYS,
        "status_wrong",
        () => `${loan.id} is in default, being ${lateDays(repayment)} days late`,
      );
      return;
    case "LoanCured":
      pass(loan, "defaulted", "repaying", event.type, findings);
      repayment.writeOff.waiting = null;
      findings.expect(
        repayment.dues.length === 0,
        "status_wrong",
        () => `${loan.id} is cured, and ${lateDays(repayment)} days late`,
      );
      return;
    case "WriteOffProposed":
    case "WriteOffReturned":
    case "LoanWrittenOff":
      writeOff(loan, repayment, event, findings);
      return;
    case "LoanSettled":
      expectDebt(loan, event.type, findings);
      loan.status = "settled";
  }
}

function writeOff(
  loan: LoanModel,
  repayment: RepaymentModel,
  event: WriteOffEvent,
  findings: Findings,
): void {
  const { id, terms } = loan;
  const to = event.type === "LoanWrittenOff" ? "written_off" : "defaulted";
  pass(loan, "defaulted", to, event.type, findings);
  const debt = { id, borrowerId: terms.borrowerId };
  applyWriteOff(debt, repayment.writeOff, event, outstandingCents(repayment), findings);
}

function expectDebt({ id, status }: LoanModel, event: string, findings: Findings): void {
  findings.expect(
    status === "repaying" || status === "defaulted" || status === "written_off",
    "event_impossible",
    () => `${event} of ${id}, which is ${status}`,
  );
}

function disburse(
  loan: LoanModel,
  event: Extract<RepaymentEvent, { type: "LoanDisbursed" }>,
  findings: Findings,
): void {
  const { id, terms } = loan;
  pass(loan, "collected", "repaying", event.type, findings);
  loan.clearingCents -= event.principalCents;
  findings.expect(
    event.rules === 1 || event.rules === 2,
    "disbursement_wrong",
    () => `${id}: reckoned by rules ${event.rules}, which nobody knows`,
  );
  const plan = slowPlan(terms, event.day, event.rules);
  const feeCents = bpsShareOf(terms.principalCents, terms.originationFeeBps);
  findings.expect(
    event.originationFeeCents === feeCents,
    "fee_wrong",
    () => `${id}: origination fee ${event.originationFeeCents}, due ${feeCents}`,
  );
  const firstDue = plan.instalments[0]!.due;
  findings.expect(
    event.principalCents === terms.principalCents &&
      event.borrowerId === terms.borrowerId &&
      event.wakeOn === firstDue,
    "disbursement_wrong",
    () =>
      `${id}: ${event.principalCents} to ${event.borrowerId}, first due on ${event.wakeOn}; ` +
      `right are ${terms.principalCents}, ${terms.borrowerId}, ${firstDue}`,
  );
  if (loan.repayment !== null) return;
  const holders = new HolderBook(id, loan.lentCents, terms.serviceFeeBps);
  loan.repayment = {
    plan,
    dues: [],
    holders,
    workedThrough: event.day,
    isCollecting: false,
    writeOff: { proposals: 0, waiting: null },
  };
}

/** What must hold after each record of a loan that was paid out. */
export function checkStanding(
  { id, status, repayment }: LoanModel,
  memo: { readonly claimCents: number; readonly lostCents: number; readonly debtCents: number },
  findings: Findings,
): void {
  if (repayment === null) return;
  const outstanding = outstandingCents(repayment);
  const { claimCents, lostCents, debtCents } = memo;
  findings.expect(
    debtCents === outstanding && claimCents + lostCents === outstanding,
    "claims_differ",
    () => `${id}: debt ${debtCents}, claims ${claimCents} + ${lostCents}, owed ${outstanding}`,
  );
  // What is lost is what is outstanding of a loan that was written off, and nothing else.
  const lossCents = status === "written_off" ? outstanding : 0;
  findings.expect(
    lostCents === lossCents,
    "claims_differ",
    () => `${id}, which is ${status}: ${lostCents} lost, ${lossCents} are`,
  );
  const paid = isPaid(repayment);
  findings.expect(
    (status === "settled") === paid,
    "status_wrong",
    () => `${id} is ${status}, and ${paid ? "nothing is" : `${outstanding} cents are`} owed`,
  );
  // Whoever reckons by these rules cures a default in the record of the payment that ends it.
  findings.expect(
    status !== "defaulted" || repayment.dues.length > 0 || repayment.plan.rules < 2,
    "status_wrong",
    () => `${id} is in default, and nothing is due of it`,
  );
  // While the borrower's account is asked, its answer may still avert the default.
  const late = lateDays(repayment);
  findings.expect(
    status !== "repaying" || late <= DEFAULT_AFTER_DAYS || repayment.isCollecting,
    "status_wrong",
    () => `${id} is ${late} days late, and ${status}`,
  );
}
