// The version of the arithmetic that a loan is reckoned by, from its disbursement to its end. It
// stands in the event of the disbursement: whoever reads a journal reckons each loan as it was
// reckoned then. So a formula in this folder is never changed for loans that exist: a change is a
// new version, and the old one stays.
//
//   1  bullet_days accrues a part of the period's interest by days, as all other methods do
//   2  bullet_days accrues principal * rate * days / basis, as its interest is reckoned (they
//      differ over the border of a leap year); parts of a loan are repaid from a least amount on

export const LENDING_RULES = [1, 2] as const;
export type LendingRules = (typeof LENDING_RULES)[number];

/** That of loans that are disbursed today. */
export const LENDING_RULES_NOW: LendingRules = 2;

export function isLendingRules(value: number): value is LendingRules {
  return (LENDING_RULES as readonly number[]).includes(value);
}
