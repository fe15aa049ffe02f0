// What a loan answers to those who would write it off.

import { assert } from "../../../src/money/assert.ts";
import { accept, refuse, type Decision } from "../../decider.ts";
import { refusalOfChecker } from "../two-persons.ts";
import { isOnMarket, wasPaidOut, type LoanState, type RepayingLoan } from "../loan.ts";
import { outstandingCents } from "../repayment/repayment.ts";
import type { WriteOffEvent } from "./events.ts";
import type { WriteOffRequest } from "./write-off.ts";

type Proposing = Extract<WriteOffRequest, { type: "ProposeWriteOff" }>;
type Deciding = Extract<WriteOffRequest, { type: "DecideWriteOff" }>;

export function decideWriteOff(
  loan: LoanState,
  command: WriteOffRequest,
  day: number,
): Decision<WriteOffEvent> {
  if (!isOnMarket(loan)) return refuse("loan_not_found");
  if (loan.status !== "defaulted") return refuse("loan_not_defaulted");
  assert(wasPaidOut(loan), "what is in default was paid out");
  // Paid up, a loan is cured. Only in journals from before that is
  // one in default that owes nothing.
  if (loan.repayment.dues.length === 0) return refuse("loan_not_defaulted");
  return command.type === "ProposeWriteOff"
    ? decideProposal(loan, command)
    : decideJudgement(loan, command, day);
}

function decideProposal(loan: RepayingLoan, command: Proposing): Decision<WriteOffEvent> {
  const { requestId, fingerprint, by: maker, reason } = command;
  const { proposals, proposal } = loan.repayment.writeOff;
  if (proposal !== null) return refuse("write_off_proposed");
  if (maker === loan.terms.borrowerId) return refuse("borrower_cannot_review");
  if (reason.trim() === "") return refuse("proposal_incomplete");
  const proposalNo = proposals + 1;
  return accept({ type: "WriteOffProposed", requestId, fingerprint, maker, proposalNo, reason });
}

/** Maker and checker differ, neither is the borrower, and both are in the event. */
function decideJudgement(
  loan: RepayingLoan,
  command: Deciding,
  day: number,
): Decision<WriteOffEvent> {
  const { requestId, fingerprint, by: checker, answer, reason } = command;
  const { proposal } = loan.repayment.writeOff;
  if (proposal === null) return refuse("write_off_not_proposed");
  const { maker, proposalNo } = proposal;
  const refusal = refusalOfChecker(command, proposal, loan.terms.borrowerId);
  if (refusal !== null) return refuse(refusal);
  const judged = { requestId, fingerprint, maker, checker, proposalNo };
  if (answer === "return") return accept({ type: "WriteOffReturned", ...judged, reason });
  return accept({
    type: "LoanWrittenOff",
    ...judged,
    day,
    outstandingCents: outstandingCents(loan.repayment),
  });
}
