// What a lender has in each loan: lent, and got back by the legs of its clearings.

import type { Leg } from "./holder-book.ts";
import type { Findings } from "./report.ts";

/** What a lender has lent to a loan, and got back. */
export interface PositionModel {
  lentCents: number;
  principalCents: number;
  interestCents: number;
  penaltyCents: number;
  feeCents: number;
  /** Of which clearings a leg came. Not always in order: what was out of service gets its later. */
  readonly clearings: Set<number>;
}

/** A leg of a clearing reaches its lender: no more comes back than was lent, each leg once. */
export function receiveLeg(
  account: {
    readonly id: string;
    availableCents: number;
    readonly positions: ReadonlyMap<string, PositionModel>;
  },
  { loanId, clearingNo }: { readonly loanId: string; readonly clearingNo: number },
  leg: Leg,
  findings: Findings,
): void {
  const { principalCents, interestCents, penaltyCents, feeCents } = leg;
  account.availableCents += principalCents + interestCents + penaltyCents - feeCents;
  const name = `${account.id}: clearing ${clearingNo} of ${loanId}`;
  const position = account.positions.get(loanId);
  if (position === undefined) {
    findings.add("position_differs", `${name}, to which it lent nothing`);
    return;
  }
  findings.expect(
    !position.clearings.has(clearingNo),
    "position_differs",
    () => `${name}, which it had before`,
  );
  position.clearings.add(clearingNo);
  position.principalCents += principalCents;
  position.interestCents += interestCents;
  position.penaltyCents += penaltyCents;
  position.feeCents += feeCents;
  findings.expect(
    position.principalCents <= position.lentCents,
    "position_differs",
    () => `${name}: ${position.principalCents} came back of ${position.lentCents}`,
  );
}

/** A hold was posted: the money is the loan's. */
export function lend(
  positions: Map<string, PositionModel>,
  loanId: string,
  amountCents: number,
): void {
  const nothing = { principalCents: 0, interestCents: 0, penaltyCents: 0, feeCents: 0 };
  const before = positions.get(loanId);
  const position = before ?? { lentCents: 0, ...nothing, clearings: new Set<number>() };
  position.lentCents += amountCents;
  positions.set(loanId, position);
}
