// Which loans there are, who lends to them, and how they are repaid.

/** What each lender lends to a loan. */
export const SHARE_CENTS = 10_000_000;
export const SERVICE_FEE_BPS = 1_000;
/** So that every lender gets something, and has a push. */
const LEG_CENTS_MIN = 100;
/** No smaller part is repaid early. */
const PART_CENTS_MIN = 100_00;

export const LENT_TERMS = {
  method: "equal_instalment",
  term: 36,
  rateBps: 1_200,
  serviceFeeBps: SERVICE_FEE_BPS,
  disbursesAtOnce: true,
} as const;

export interface FanoutLoan {
  readonly loanId: string;
  readonly borrowerId: string;
  readonly lenders: readonly string[];
}

/** Loans of so many lenders each, spread evenly over the accounts. */
export function planLoans(
  prefix: string,
  loans: number,
  lendersPerLoan: number,
  accounts: readonly string[],
): FanoutLoan[] {
  const step = Math.max(1, Math.floor(accounts.length / lendersPerLoan));
  return Array.from({ length: loans }, (_, loan) => ({
    loanId: `${prefix}-${String(loan).padStart(5, "0")}`,
    borrowerId: `${prefix}-owner-${String(loan).padStart(5, "0")}`,
    lenders: Array.from({ length: lendersPerLoan }, (_, place) => {
      return accounts[(loan * 7_919 + place * step) % accounts.length]!;
    }),
  }));
}

/**
 * A little for each lender, never the same, some fifty-thousandth of the loan: none is used up.
 * With few lenders it is the least that may be repaid early.
 */
export function partToRepayCents({ lenders }: FanoutLoan, repaidBefore: number): number {
  const leastCents = Math.max(PART_CENTS_MIN, lenders.length * LEG_CENTS_MIN);
  return leastCents + ((repaidBefore * 7_919) % leastCents);
}
