// The statuses of a loan, and how it passes from one to the next.

import type { Findings } from "./report.ts";

export type LoanStatus =
  | "listed"
  | "funded"
  | "collecting"
  | "collected"
  | "repaying"
  | "defaulted"
  | "written_off"
  | "settled"
  | "expiring"
  | "expired"
  | "cancelling"
  | "cancelled";

export function isVoiding(status: LoanStatus): boolean {
  return status === "expiring" || status === "cancelling";
}

/** All its holds are voided. */
export function isVoidedWhole(status: LoanStatus): boolean {
  return status === "expired" || status === "cancelled";
}

export function isVoided(status: LoanStatus): boolean {
  return isVoiding(status) || isVoidedWhole(status);
}

/** Whatever the status was, it is the new one afterwards: one violation, not one for each event. */
export function pass(
  loan: { readonly id: string; status: LoanStatus; nextBidNo: number },
  from: LoanStatus,
  to: LoanStatus,
  event: string,
  findings: Findings,
): void {
  findings.expect(
    loan.status === from,
    "event_impossible",
    () => `${event} of ${loan.id}, which is ${loan.status}`,
  );
  loan.status = to;
  loan.nextBidNo = 1;
}
