import { describe, expect, it } from "vitest";
import { BALANCE_CENTS_MAX, type OpenAccount } from "../../actors/account/account.ts";
import { ENTRIES_KEPT_MAX } from "../../actors/account/entry-log.ts";
import { given, request } from "../support/given.ts";

const OPENED = { type: "AccountOpened", ...request(1) };
const DEPOSITED = { type: "Deposited", ...request(2), amountCents: 500_00, reference: "r" };

function hold(number: number, amountCents: number, loanId = "l") {
  const holdNo = number;
  const more = { amountCents, loanId, fill: "upTo", minCents: null };
  return { type: "HoldPlaced", ...request(100 + number), holdNo, ...more };
}

function bid(number: number, amountCents: number) {
  const more = { amountCents, loanId: "l", fill: "upTo", minCents: null };
  return { type: "PlaceBid", ...request(100 + number), ...more };
}

function confirmed(holdNo: number, filledCents: number, releasedCents: number) {
  return { type: "BidConfirmed", holdNo, bidNo: 7, filledCents, releasedCents, remainingCents: 0 };
}

describe("Account: opening and depositing", () => {
  it("opens once", () => {
    const open = { type: "OpenAccount", ...request(1), accountId: "a" };
    given("account", "a").when(open).then(OPENED);
    given("account", "a", OPENED).when(open).thenRefused("account_exists");
  });

  it("refuses everything with account_not_found while it is absent", () => {
    for (const command of [
      { type: "Deposit", ...request(2), accountId: "a", amountCents: 1, reference: "" },
      bid(1, 100_00),
      { type: "CancelBid", ...request(3), bidId: 1 },
    ]) {
      given("account", "a").when(command).thenRefused("account_not_found");
    }
  });

  it("Deposit refuses with amount_above_limit, held money counted", () => {
    const deposit = (amountCents: number) => {
      return { type: "Deposit", ...request(9), accountId: "a", amountCents, reference: "r" };
    };
    const account = given("account", "a", OPENED, DEPOSITED, hold(1, 500_00));
    const room = BALANCE_CENTS_MAX - 500_00;
    account.when(deposit(room + 1)).thenRefused("amount_above_limit");
    const { type: _, accountId: __, ...fields } = deposit(room);
    account.when(deposit(room)).then({ type: "Deposited", ...fields, isReferenceKept: true });
  });
});

describe("Account: a deposit by hand", () => {
  const deposit = { type: "Deposit", ...request(9), accountId: "a", amountCents: 1, by: "ops" };

  it("is booked by nobody for an account of the same name", () => {
    given("account", "a", OPENED)
      .when({ ...deposit, by: "a", reference: "tx" })
      .thenRefused("own_account");
  });

  it("has the bank's reference, whatever blanks were typed around it", () => {
    const account = given("account", "a", OPENED);
    const { type: _, accountId: __, ...fields } = deposit;
    const booked = { type: "Deposited", ...fields, reference: "tx", isReferenceKept: true };
    account.when({ ...deposit, reference: " tx " }).then(booked);
    account.when({ ...deposit, ...request(10), reference: "tx" }).thenRefused("deposit_exists");
    const blank = { ...booked, ...request(11), reference: "", isReferenceKept: false };
    account.when({ ...deposit, ...request(11), reference: "  " }).then(blank);
  });
});

describe("Account: bids", () => {
  it("PlaceBid holds what is available and not a cent more", () => {
    const account = given("account", "a", OPENED, DEPOSITED);
    account.when(bid(1, 500_01)).thenRefused("exceeds_available");
    const state = account.when(bid(1, 500_00)).then(hold(1, 500_00)) as OpenAccount;
    expect(state).toMatchObject({ availableCents: 0, heldCents: 500_00, holdsOpen: 1 });
    account.when(bid(2, 1)).thenRefused("exceeds_available");
  });

  it("PlaceBid refuses a minimum that contradicts it, before it looks at the money", () => {
    const account = given("account", "a", OPENED);
    const least = (amountCents: number, fill: string, minCents: number) => {
      return account.when({ ...bid(1, amountCents), fill, minCents });
    };
    least(100, "exact", 200).thenRefused("minimum_contradicts_bid");
    least(100, "exact", 100).thenRefused("minimum_contradicts_bid");
    least(100, "upTo", 101).thenRefused("minimum_contradicts_bid");
    least(100, "upTo", 100).thenRefused("exceeds_available");
  });

  it("ConfirmBid releases what the loan did not take", () => {
    const account = given("account", "a", OPENED, DEPOSITED, hold(1, 400_00));
    const confirm = { type: "ConfirmBid", holdNo: 1, bidNo: 7, filledCents: 300_00 };
    const event = confirmed(1, 300_00, 100_00);
    const state = account.when({ ...confirm, remainingCents: 0 }).then(event) as OpenAccount;
    expect(state).toMatchObject({ availableCents: 200_00, heldCents: 300_00 });
    const [entry] = state.outcomes.takeSettled();
    expect(entry?.outcome).toBeDefined();
    account.when({ ...confirm, filledCents: 400_01, remainingCents: 0 }).thenImpossible();
  });

  it("DeclineBid releases all and remembers why", () => {
    const account = given("account", "a", OPENED, DEPOSITED, hold(1, 400_00));
    account.state.outcomes.takeSettled();
    const declined = { type: "BidRefused", holdNo: 1, releasedCents: 400_00, refusal: "loan_full" };
    const state = account
      .when({ type: "DeclineBid", holdNo: 1, refusal: "loan_full" })
      .then(declined) as OpenAccount;
    expect(state).toMatchObject({ availableCents: 500_00, heldCents: 0, holdsOpen: 0 });
    expect(state.outcomes.get(request(101).requestId)?.outcome).toEqual({
      type: "Refused",
      code: "loan_full",
    });
  });

  it("CancelBid knows its bids", () => {
    const placed = given(
      "account",
      "a",
      OPENED,
      DEPOSITED,
      hold(1, 100_00),
      confirmed(1, 100_00, 0),
      hold(2, 100_00),
    );
    const cancel = (bidId: number) => ({ type: "CancelBid", ...request(50), bidId });
    placed.when(cancel(3)).thenRefused("bid_not_found");
    placed.when(cancel(0)).thenRefused("bid_not_found");
    placed.when(cancel(2)).thenRefused("bid_not_found"); // The loan has not answered yet.
    const asked = { type: "CancelAsked", ...request(50), holdNo: 1, bidNo: 7, loanId: "l" };
    placed.when(cancel(1)).then(asked);
    placed.when(cancel(1)).thenRefused("bid_already_settled");
  });

  it("a refused cancel leaves the bid as it was, even when it was posted meanwhile", () => {
    const asked = { type: "CancelAsked", ...request(50), holdNo: 1, bidNo: 7, loanId: "l" };
    const posted = { type: "HoldPosted", holdNo: 1, amountCents: 100_00, loanId: "l" };
    const events = [OPENED, DEPOSITED, hold(1, 100_00), confirmed(1, 100_00, 0), asked];
    const { requestId } = request(50);
    const decline = { type: "DeclineCancel", holdNo: 1, requestId, refusal: "loan_full" };
    const refused = { type: "CancelRefused", holdNo: 1, requestId, refusal: "loan_full" };
    for (const more of [[], [posted]]) {
      const state = given("account", "a", ...events, ...more)
        .when(decline)
        .then(refused);
      expect(state.outcomes.get(requestId)?.outcome).toEqual({
        type: "Refused",
        code: "loan_full",
      });
    }
  });

  it("a hold is closed once: posting and voiding it again are impossible", () => {
    const events = [OPENED, DEPOSITED, hold(1, 100_00), confirmed(1, 100_00, 0), hold(2, 50_00)];
    const post = { type: "PostHold", holdNo: 1 };
    const account = given("account", "a", ...events);
    const event = { type: "HoldPosted", holdNo: 1, amountCents: 100_00, loanId: "l" };
    const state = account.when(post).then(event) as OpenAccount;
    expect(state).toMatchObject({ availableCents: 350_00, heldCents: 50_00 });
    account.when(post).thenImpossible();
    account.when({ type: "VoidHold", holdNo: 1 }).thenImpossible();
  });
});

describe("Account: entries", () => {
  it("every movement of money is one entry with the balance after it, and nothing else is", () => {
    const events = [OPENED, DEPOSITED, hold(1, 400_00), confirmed(1, 300_00, 100_00)];
    const posted = { type: "HoldPosted", holdNo: 1, amountCents: 300_00, loanId: "l" };
    const { state } = given("account", "a", ...events, posted);
    const { entries } = state as unknown as OpenAccount;
    expect(entries.after(0).map((e) => [e.entry, e.kind, e.availableCents, e.heldCents])).toEqual([
      [1, "deposit", 500_00, 0],
      [2, "hold_placed", 100_00, 400_00],
      [3, "hold_released", 200_00, 300_00],
      [4, "hold_posted", 200_00, 0],
    ]);
  });

  it("keeps a bounded number of them", () => {
    const deposits = Array.from({ length: 1_000 }, (_, n) => {
      return { type: "Deposited", ...request(200 + n), amountCents: 1, reference: "r" };
    });
    const { state } = given("account", "a", OPENED, ...deposits);
    const { entries } = state as unknown as OpenAccount;
    expect(entries.count).toBe(1_000);
    expect(entries.after(0).map(({ entry }) => entry)).toEqual(
      Array.from({ length: ENTRIES_KEPT_MAX }, (_, n) => 1_001 - ENTRIES_KEPT_MAX + n),
    );
    expect(entries.after(998).map(({ entry }) => entry)).toEqual([999, 1_000]);
    expect(entries.after(1_000)).toEqual([]);
  });

  it("evolve refuses what cannot have happened", () => {
    expect(() => given("account", "a", OPENED, hold(1, 1))).toThrow(/negative/);
    expect(() => given("account", "a", OPENED, OPENED)).toThrow(/once/);
    expect(() => given("account", "a", DEPOSITED)).toThrow(/open/);
    expect(() => given("account", "a", OPENED, DEPOSITED, hold(2, 1))).toThrow(/gap/);
  });
});
