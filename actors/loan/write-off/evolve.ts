// Applies what happens on the way to a write-off. No rules, only assertions.

import { assert, assertNever } from "../../../src/money/assert.ts";
import type { RepayingLoan } from "../loan.ts";
import { outstandingCents } from "../repayment/repayment.ts";
import type { WriteOffEvent } from "./events.ts";

export function evolveWriteOff(loan: RepayingLoan, event: WriteOffEvent): RepayingLoan {
  assert(loan.status === "defaulted", "a defaulted loan is written off", event.type);
  const { outcomes, repayment } = loan;
  const { writeOff } = repayment;
  const { requestId, fingerprint, maker, proposalNo } = event;
  if (event.type === "WriteOffProposed") {
    assert(writeOff.proposal === null, "one proposal waits at a time");
    writeOff.proposals++;
    assert(proposalNo === writeOff.proposals, "proposals are numbered without a gap");
    writeOff.proposal = { proposalNo, maker, reason: event.reason };
    outcomes.settle(requestId, fingerprint, { type: "ReviewProposed", proposal: proposalNo });
    return loan;
  }
  const { proposal } = writeOff;
  const { checker } = event;
  assert(proposal?.maker === maker && proposal.proposalNo === proposalNo, "it is this proposal");
  assert(checker !== maker, "maker and checker differ");
  writeOff.proposal = null;
  switch (event.type) {
    case "WriteOffReturned": {
      const status = "defaulted";
      outcomes.settle(requestId, fingerprint, { type: "WriteOffDecided", status });
      return loan;
    }
    case "LoanWrittenOff": {
      const { day, outstandingCents: writtenOffCents } = event;
      assert(writtenOffCents === outstandingCents(repayment), "all that is owed is written off");
      writeOff.done = { ...proposal, checker, day, writtenOffCents };
      const status = "written_off";
      outcomes.settle(requestId, fingerprint, { type: "WriteOffDecided", status });
      return { ...loan, status };
    }
    default:
      return assertNever(event);
  }
}
