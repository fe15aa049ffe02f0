import { describe, expect, it } from "vitest";
import type { AccountId } from "../../actors/address.ts";
import { HOLDS_PER_STEP, type ListedLoan } from "../../actors/loan/loan.ts";
import { LENDING_TERMS_DEFAULT } from "../../actors/loan/terms.ts";
import { AMOUNT_CENTS_MAX } from "../../src/money/cents.ts";
import { SPLIT_HOLDERS_MAX } from "../../src/money/split.ts";
import { DAY, given, request } from "../support/given.ts";

const NOW = 1_700_000_000_000;
const TERMS = {
  borrowerId: "bob",
  principalCents: 1_000_00,
  stepCents: 1_00,
  minBidCents: 100_00,
  lenderCapCents: null as number | null,
  opensAtMs: null as number | null,
  closesAtMs: NOW + 1_000,
  cancellable: true,
  ...LENDING_TERMS_DEFAULT,
};

/** A million lenders take a second, more on a machine that is busy. */
const SLOW = { timeout: 60_000 };

function listed(terms: Partial<typeof TERMS> = {}) {
  return { type: "LoanListed", ...request(1), ...TERMS, ...terms, by: "ops", contractHash: null };
}

function placed(bidNo: number, filledCents: number, remainingCents: number, accountId = "a") {
  return { type: "BidPlaced", accountId, holdNo: bidNo, bidNo, filledCents, remainingCents };
}

function fill(amountCents: number, more: Record<string, unknown> = {}) {
  const base = { type: "FillBid", accountId: "a", holdNo: 9, fill: "exact", minCents: null };
  return { ...base, amountCents, ...more };
}

function declined(refusal: string, accountId = "a") {
  return { type: "BidDeclined", accountId, holdNo: 9, refusal };
}

describe("Loan: ListLoan", () => {
  const list = (terms: Partial<typeof TERMS> = {}) => {
    return { type: "ListLoan", loanId: "l", by: "ops", ...request(1), ...TERMS, ...terms };
  };

  it("lists once", () => {
    given("loan", "l").when(list()).then(listed());
    given("loan", "l", listed()).when(list()).thenRefused("loan_exists");
  });

  it("is listed and confirmed by nobody whose loan it is", () => {
    given("loan", "l")
      .when({ ...list(), by: "bob" })
      .thenRefused("borrower_cannot_review");
    const funded = [listed(), placed(1, 1_000_00, 0), { type: "LoanFunded" }];
    given("loan", "l", ...funded)
      .when({ type: "ConfirmLoan", loanId: "l", by: "bob", ...request(5) })
      .thenRefused("borrower_cannot_review");
  });

  it("lists what one payment can repay, with interest and early fee, and no more", () => {
    const bullet = { method: "bullet" as const, term: 12, rateBps: 1_200, stepCents: 1 };
    const most = { ...bullet, principalCents: 892_857_142_852 };
    given("loan", "l").when(list(most)).then(listed(most));
    const refused = (terms: Partial<typeof TERMS>) => {
      given("loan", "l").when(list(terms)).thenRefused("payoff_above_limit");
    };
    refused({ ...most, principalCents: most.principalCents + 1 });
    refused({ ...most, earlyFeeBps: 1 });
    refused({ ...most, principalCents: AMOUNT_CENTS_MAX });
    const free = { principalCents: AMOUNT_CENTS_MAX };
    given("loan", "l").when(list(free)).then(listed(free));
  });

  it("lists on the terms that it is given, up to their limits", () => {
    const terms = {
      method: "bullet_days" as const,
      term: 3_660,
      rateBps: 100_000,
      basisDays: 0,
      originationFeeBps: 10_000,
      serviceFeeBps: 10_000,
      earlyFeeBps: 10_000,
      graceDays: 90,
      penaltyPpm: 100_000,
      disbursesAtOnce: true,
    };
    given("loan", "l").when(list(terms)).then(listed(terms));
  });

  it("means one year, free of interest and fees, where it names no lending terms", () => {
    const names = Object.keys(LENDING_TERMS_DEFAULT);
    const none = Object.fromEntries(names.map((name) => [name, null]));
    given("loan", "l")
      .when({ ...list(), ...none })
      .then(listed());
  });

  it.each([
    ["principal_not_multiple_of_step", { principalCents: 1_000_50, minBidCents: 100_50 }],
    ["minimum_not_multiple_of_step", { minBidCents: 100_50, closesAtMs: NOW }],
    ["minimum_not_multiple_of_step", { lenderCapCents: 100_50 }],
    ["closing_in_the_past", { closesAtMs: NOW, opensAtMs: NOW + 5 }],
    ["closing_not_after_opening", { opensAtMs: NOW + 1_000, rateBps: 100_001 }],
    ["rate_out_of_range", { rateBps: 100_001, term: 0 }],
    ["rate_out_of_range", { originationFeeBps: 10_001 }],
    ["rate_out_of_range", { serviceFeeBps: 10_001 }],
    ["rate_out_of_range", { earlyFeeBps: 10_001 }],
    ["rate_out_of_range", { penaltyPpm: 100_001 }],
    ["terms_out_of_range", { graceDays: 91 }],
    ["terms_out_of_range", { basisDays: 366 }],
    ["terms_out_of_range", { term: 0 }],
    ["terms_out_of_range", { term: 601 }],
    ["terms_out_of_range", { term: 3_661, method: "bullet_days" as const }],
    ["payoff_above_limit", { principalCents: AMOUNT_CENTS_MAX, rateBps: 1 }],
  ])("refuses with %s before what comes later in the ladder", (refusal, terms) => {
    given("loan", "l").when(list(terms)).thenRefused(refusal);
  });
});

describe("Loan: FillBid", () => {
  it.each([
    ["loan_not_found", [], fill(1)],
    ["listing_closed", [listed(), { type: "ListingExpired" }], fill(1)],
    ["listing_not_open_yet", [listed({ opensAtMs: NOW + 1 })], fill(1, { accountId: "bob" })],
    ["borrower_cannot_bid", [listed()], fill(1, { accountId: "bob" })],
    ["below_minimum_bid", [listed()], fill(99_99)],
    ["not_multiple_of_step", [listed({ lenderCapCents: 100_00 })], fill(100_50)],
    ["exceeds_lender_cap", [listed({ lenderCapCents: 100_00 })], fill(2_000_00)],
    ["exceeds_remaining", [listed()], fill(1_001_00)],
    [
      "exceeds_remaining",
      [listed(), placed(1, 900_00, 100_00, "z")],
      fill(200_00, { fill: "upTo", minCents: 101_00 }),
    ],
  ])("declines with %s, in the order of the ladder", (refusal, events, command) => {
    given("loan", "l", ...events)
      .when(command)
      .then(declined(refusal, command["accountId"] as string));
  });

  it("takes no more lenders than a repayment is divided among, but more of theirs", SLOW, () => {
    const loan = given("loan", "l", listed({ principalCents: 1_000_000_000_00 }));
    const { book } = loan.state as unknown as ListedLoan;
    for (let nth = 0; nth < SPLIT_HOLDERS_MAX - 1; nth++)
      book.place(`l${nth}` as AccountId, 1, 1_00);
    const last = book.place("last" as AccountId, 1, 1_00);
    loan.when(fill(100_00)).then(declined("too_many_lenders"));
    const again = fill(100_00, { accountId: "last" });
    const remainingCents = 1_000_000_000_00 - SPLIT_HOLDERS_MAX * 1_00 - 100_00;
    const bidNo = SPLIT_HOLDERS_MAX + 1;
    const more = { ...placed(bidNo, 100_00, remainingCents, "last"), holdNo: 9 };
    loan.when(again).then(more);
    book.cancel(last);
    loan.when(fill(100_00)).then(declined("too_many_lenders"));
    book.cancel(bidNo);
    loan
      .when(fill(100_00))
      .then({ ...placed(bidNo + 1, 100_00, remainingCents + 1_00), holdNo: 9 });
  });

  it("closes at the deadline, to the millisecond", () => {
    const loan = given("loan", "l", listed());
    loan.when(fill(100_00), NOW + 1_000).then(declined("listing_closed"));
    const bid = { ...placed(1, 100_00, 900_00), holdNo: 9 };
    loan.when(fill(100_00), NOW + 999).then(bid);
  });

  it("takes the first bid at the announced instant", () => {
    const loan = given("loan", "l", listed({ opensAtMs: NOW + 10 }));
    loan.when(fill(100_00), NOW + 9).then(declined("listing_not_open_yet"));
    loan.when(fill(100_00), NOW + 10).then({ ...placed(1, 100_00, 900_00), holdNo: 9 });
  });

  it("upTo shrinks to what remains and to the lender's cap", () => {
    const upTo = fill(500_00, { fill: "upTo" });
    const nearlyFull = given("loan", "l", listed(), placed(1, 900_00, 100_00, "z"));
    nearlyFull.when(upTo).then({ ...placed(2, 100_00, 0), holdNo: 9 }, { type: "LoanFunded" });
    const capped = given(
      "loan",
      "l",
      listed({ lenderCapCents: 300_00 }),
      placed(1, 100_00, 900_00),
    );
    capped.when(upTo).then({ ...placed(2, 200_00, 700_00), holdNo: 9 });
    capped.when(upTo).then(declined("exceeds_lender_cap"));
  });

  it("is full to the cent, and not before", () => {
    const loan = given("loan", "l", listed());
    loan.when(fill(999_00)).then({ ...placed(1, 999_00, 1_00), holdNo: 9 });
    const last = fill(100_00, { fill: "upTo", accountId: "b" });
    const full = { ...placed(2, 1_00, 0, "b"), holdNo: 9 };
    expect(loan.when(last).then(full, { type: "LoanFunded" })).toMatchObject({ status: "funded" });
    loan.when(last).then(declined("loan_full", "b"));
  });
});

describe("Loan: CancelFill", () => {
  const { requestId } = request(77);
  const withdraw = { type: "CancelFill", accountId: "a", holdNo: 1, bidNo: 1, requestId };
  const no = (refusal: string) => {
    return { type: "CancelDeclined", accountId: "a", holdNo: 1, requestId, refusal };
  };

  it("gives the room back", () => {
    const loan = given("loan", "l", listed(), placed(1, 600_00, 400_00));
    loan.when(withdraw).then({ ...withdraw, type: "FillCancelled" });
    loan
      .when(fill(1_000_00))
      .then({ ...placed(2, 1_000_00, 0), holdNo: 9 }, { type: "LoanFunded" });
  });

  it.each([
    ["listing_not_cancellable", [listed({ cancellable: false }), placed(1, 600_00, 400_00)], NOW],
    ["loan_full", [listed(), placed(1, 1_000_00, 0), { type: "LoanFunded" }], NOW],
    ["listing_closed", [listed(), placed(1, 600_00, 400_00)], NOW + 1_000],
    ["listing_closed", [listed(), placed(1, 6_00, 4_00), { type: "ListingExpired" }], NOW],
  ])("is declined with %s", (refusal, events, at) => {
    given("loan", "l", ...events)
      .when(withdraw, at)
      .then(no(refusal));
  });
});

describe("Loan: its end", () => {
  const bids = Array.from({ length: HOLDS_PER_STEP + 2 }, (_, n) => {
    return placed(n + 1, 1_00, 0, `lender-${n % 7}`);
  });
  const principalCents = bids.length * 1_00;

  it("an alarm before the deadline, or after the loan is full, changes nothing", () => {
    given("loan", "l", listed())
      .when({ type: "AlarmRang" }, NOW + 999)
      .then();
    const full = [listed(), placed(1, 1_000_00, 0), { type: "LoanFunded" }];
    given("loan", "l", ...full)
      .when({ type: "AlarmRang" }, NOW + 5_000)
      .then();
  });

  /** Two steps of a loan with these bids void every hold. */
  function voidedInSteps(loan: ReturnType<typeof given>) {
    const holds = bids.map((b) => [b.accountId, b.holdNo]);
    const first = holds.slice(0, HOLDS_PER_STEP).flat();
    const rest = holds.slice(HOLDS_PER_STEP).flat();
    const nextBidNo = HOLDS_PER_STEP + 1;
    loan
      .when({ type: "NextStep" })
      .then({ type: "HoldsVoided", holds: first, nextBidNo, last: false });
    const end = bids.length + 1;
    return loan
      .when({ type: "NextStep" })
      .then({ type: "HoldsVoided", holds: rest, nextBidNo: end, last: true });
  }

  it("expiry voids every hold, in steps", () => {
    const loan = given("loan", "l", listed(), ...bids);
    loan.when({ type: "AlarmRang" }, NOW + 1_000).then({ type: "ListingExpired" });
    expect(voidedInSteps(loan).status).toBe("expired");
  });

  it("an empty listing expires at once", () => {
    const loan = given("loan", "l", listed(), { type: "ListingExpired" });
    const none = { type: "HoldsVoided", holds: [], nextBidNo: 1, last: true };
    expect(loan.when({ type: "NextStep" }).then(none).status).toBe("expired");
  });

  const cancel = { type: "CancelLoan", loanId: "l", by: "ops", reason: "a fraud", ...request(5) };
  const cancelled = { type: "LoanCancelled", ...request(5), by: "ops", reason: "a fraud" };
  const full = [listed({ principalCents }), ...bids, { type: "LoanFunded" }];

  it.each([
    ["takes bids", [listed({ principalCents }), ...bids]],
    ["is full", full],
  ])("CancelLoan voids every hold of a loan that %s, in steps", (_, events) => {
    const loan = given("loan", "l", ...events);
    expect(loan.when(cancel).then(cancelled)).toMatchObject({ status: "cancelling" });
    loan.when(fill(1_00), NOW).then(declined("listing_closed"));
    loan.when({ type: "AlarmRang" }, NOW + 5_000).then();
    expect(voidedInSteps(loan).status).toBe("cancelled");
    loan.when({ ...cancel, ...request(6) }).thenRefused("listing_closed");
  });

  it("CancelLoan is refused without a reason, and when money is collected or was", () => {
    given("loan", "l").when(cancel).thenRefused("loan_not_found");
    given("loan", "l", listed())
      .when({ ...cancel, reason: " " })
      .thenRefused("reason_missing");
    given("loan", "l", listed(), { type: "ListingExpired" })
      .when(cancel)
      .thenRefused("listing_closed");
    given("loan", "l", ...full, { type: "CollectionStarted" })
      .when(cancel)
      .thenRefused("loan_paid_out");
  });

  it("ConfirmLoan collects what was raised, once", () => {
    const confirm = { type: "ConfirmLoan", loanId: "l", by: "ops", ...request(5) };
    given("loan", "l").when(confirm).thenRefused("loan_not_found");
    given("loan", "l", listed()).when(confirm).thenRefused("loan_not_funded");
    const events = [listed({ principalCents }), ...bids, { type: "LoanFunded" }];
    const loan = given("loan", "l", ...events);
    loan.when(confirm).then({ type: "LoanConfirmed", ...request(5), by: "ops" });
    loan.when(confirm).thenRefused("loan_not_funded");
    const rest = principalCents - 1_00;
    const most = { accountId: "a", holdNo: 1, amountCents: rest };
    loan.when({ type: "CollectFunds", ...most }).then({ type: "FundsCollected", ...most });
    const last = { accountId: "b", holdNo: 1, amountCents: 1_00 };
    const state = loan.when({ type: "CollectFunds", ...last }).then(
      { type: "FundsCollected", ...last },
      { type: "LoanCollected", byStandingBids: true },
      {
        type: "LoanDisbursed",
        borrowerId: "bob",
        day: DAY,
        principalCents,
        originationFeeCents: 0,
        wakeOn: DAY + 31,
        rules: 2,
      },
    );
    expect(state).toMatchObject({ status: "repaying" });
  });

  it("evolve refuses what cannot have happened", () => {
    expect(() => given("loan", "l", listed(), placed(1, 1_001_00, 0))).toThrow(/principal/);
    expect(() => given("loan", "l", listed(), placed(2, 1_00, 0))).toThrow(/gap/);
    expect(() => given("loan", "l", listed(), { type: "LoanFunded" })).toThrow(/full/);
    expect(() => given("loan", "l", placed(1, 1_00, 0))).toThrow(/listed/);
  });
});
