// How a loan comes to be written off: two operators, of whom neither is the borrower, and all that
// is outstanding. Worked out anew, from the events alone.

import type { WriteOffEvent } from "../../actors/loan/write-off/events.ts";
import type { Findings } from "./report.ts";

type Proposed = Extract<WriteOffEvent, { type: "WriteOffProposed" }>;

export interface WriteOffModel {
  proposals: number;
  /** The one that waits. */
  waiting: Proposed | null;
}

/** Takes an event in, and says what about it cannot be. The status is looked at by the loan. */
export function applyWriteOff(
  { id, borrowerId }: { readonly id: string; readonly borrowerId: string },
  model: WriteOffModel,
  event: WriteOffEvent,
  owedCents: number,
  findings: Findings,
): void {
  const { maker, proposalNo } = event;
  const persons: readonly string[] =
    event.type === "WriteOffProposed" ? [maker] : [maker, event.checker];
  findings.expect(
    !persons.includes(borrowerId),
    "privileged_alone",
    () => `${event.type} of ${id} by its own borrower`,
  );
  if (event.type === "WriteOffProposed") {
    model.proposals++;
    findings.expect(
      model.waiting === null && proposalNo === model.proposals,
      "event_impossible",
      () => `${id}: write-off ${proposalNo} is proposed, ${model.proposals} comes next`,
    );
    model.waiting = event;
    return;
  }
  const { waiting } = model;
  model.waiting = null;
  findings.expect(
    maker === waiting?.maker && maker !== event.checker,
    "privileged_alone",
    () => `${event.type} of ${id} by ${event.checker}; ${maker}, proposed by ${waiting?.maker}`,
  );
  findings.expect(
    proposalNo === waiting?.proposalNo,
    "event_impossible",
    () => `${event.type} of ${id}: proposal ${proposalNo} does not wait`,
  );
  if (event.type !== "LoanWrittenOff") return;
  findings.expect(
    event.outstandingCents === owedCents,
    "claims_differ",
    () => `${id}: ${event.outstandingCents} written off, ${owedCents} are outstanding`,
  );
}
