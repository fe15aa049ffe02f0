// Journals whose money, holds, bids or loans are spoilt, by the check that must find it.

import type { Check } from "../../src/history/report.ts";
import {
  append,
  change,
  find,
  ledgerWith,
  withUnsafeDeposit,
  type Loose,
  type Spoil,
} from "./spoil.ts";

export const SPOILT_MONEY = {
  amount_unsafe: {
    "below zero": change("Deposited", "ann", { amountCents: -5 }),
    "beyond 2^53": (journal) => {
      // Written as a float by nobody of ours: the bytes are made by hand.
      const { entry } = find(journal, "Deposited", "ann");
      entry.bytes = withUnsafeDeposit();
    },
  },
  postings_unbalanced: {
    "a ledger that forgets one side": () => ({ ledger: ledgerWith({ factor: 0 }) }),
    "a ledger that posts a cent too much": () => ({ ledger: ledgerWith({ factor: 1, extra: 1 }) }),
  },
  postings_differ: {
    "a ledger that swaps the sides": () => ({ ledger: ledgerWith({ factor: -1, all: true }) }),
  },
  books_differ: {
    "a ledger that books on other accounts": () => ({
      ledger: ledgerWith({ factor: 1, rename: true }),
    }),
  },
  transit_differs: {
    "money that arrives twice": (journal) => {
      const { act, event } = find(journal, "FundsCollected", "spring");
      append(journal, act, [event]);
    },
    "money that arrives as less": change("FundsCollected", "spring", { amountCents: 1_00 }),
  },
  balance_negative: {
    "a hold of more than there is": change("HoldPlaced", "ann", { amountCents: 2_000_00 }),
  },
  held_differs: {
    "a hold that gives back more than it has": change("BidRefused", "borrower", {
      releasedCents: 101_00,
    }),
  },
  event_impossible: {
    "an account that opens twice": (journal) => {
      const { act, event } = find(journal, "AccountOpened", "ann");
      append(journal, act, [{ ...event, requestId: "0123456789abcdef" }]);
    },
    "an event of an account that never opened": (journal) => {
      find(journal, "AccountOpened", "bob").act.events = [];
    },
    "a hold number left out": change("HoldPlaced", "ann", { holdNo: 5 }),
    "a hold that closes twice": (journal) => {
      const { act, event } = find(journal, "HoldPosted", "ann");
      append(journal, act, [event]);
    },
    "a bid number left out": change("BidPlaced", "spring", { bidNo: 9 }, 1),
    "a remainder that is not": change("BidPlaced", "spring", { remainingCents: 1 }, 1),
    "a loan that is funded too early": (journal) => {
      const { act } = find(journal, "BidPlaced", "spring", 1);
      act.events = [...act.events, { type: "LoanFunded" }];
    },
    "a loan that expires before its time": (journal) => {
      find(journal, "ListingExpired", "summer").act.at -= 400;
    },
    "a loan that is cancelled without a reason": change("LoanCancelled", "winter", { reason: " " }),
    "a loan that is cancelled when it was collected": (journal) => {
      const { event } = find(journal, "LoanCancelled", "winter");
      append(journal, find(journal, "LoanCollected", "spring").act, [event]);
    },
    "a lender that a cancelled loan forgets": (journal) => {
      const { event } = find(journal, "HoldsVoided", "winter");
      event["holds"] = (event["holds"] as unknown[]).slice(2);
    },
    "a withdrawal that the listing forbids": change("LoanListed", "spring", { cancellable: false }),
    "a lender that is not called": (journal) => {
      const { event } = find(journal, "HoldsCalled", "spring");
      event["holds"] = (event["holds"] as unknown[]).slice(2);
    },
    "a lender that is called twice": (journal) => {
      const { event } = find(journal, "HoldsCalled", "spring");
      const holds = event["holds"] as unknown[];
      event["holds"] = [...holds, ...holds.slice(0, 2)];
    },
    "a closing that ends too early": change("HoldsVoided", "summer", { last: false }),
    "funds that are not due": change("FundsCollected", "spring", { holdNo: 9 }),
    "a loan that is collected too early": (journal) => {
      const { act } = find(journal, "FundsCollected", "spring");
      act.events = [...act.events, { type: "LoanCollected" }];
    },
  },
  raised_out_of_range: {
    "a loan that is over-funded": change("BidPlaced", "spring", { filledCents: 900_00 }, 1),
  },
  bid_after_close: {
    "a bid after the deadline": (journal) => {
      find(journal, "BidPlaced", "summer").act.at += 500;
    },
    "a bid before the opening": (journal) => {
      const { act } = find(journal, "BidPlaced", "spring");
      find(journal, "LoanListed", "spring").event["opensAtMs"] = act.at + 1;
    },
    "a bid on a full loan": (journal) => {
      const { act, event } = find(journal, "BidPlaced", "spring");
      append(journal, act, [{ ...event, bidNo: 5 }]);
    },
  },
  fill_wrong: {
    "a bid that gets less than there is": change("BidPlaced", "spring", { filledCents: 100_00 }, 1),
    "a bid above the cap of a lender": change("LoanListed", "summer", { lenderCapCents: 150_00 }),
    "a bid of the borrower": change("LoanListed", "spring", { borrowerId: "ann" }),
  },
  refusal_untrue: {
    "a loan that is not full": change("BidDeclined", "spring", { refusal: "loan_full" }),
  },
  bid_without_hold: {
    "a bid whose account was refused": (journal) => {
      const { act } = find(journal, "BidConfirmed", "ann", 2);
      act.events = [
        { type: "BidRefused", holdNo: 3, releasedCents: 150_00, refusal: "loan_full" } as Loose,
      ];
    },
    "a hold that the loan does not know": (journal) => {
      const { act } = find(journal, "BidPlaced", "autumn");
      const { event } = find(journal, "BidConfirmed", "ann", 2);
      act.events = [
        {
          type: "BidDeclined",
          accountId: "ann",
          holdNo: event["holdNo"],
          refusal: "loan_full",
        } as Loose,
      ];
      act.version = 0;
    },
    "two bids on one hold": change("BidPlaced", "spring", { accountId: "ann", holdNo: 1 }, 1),
    "a hold that is voided while its bid stands": (journal) => {
      const { act } = find(journal, "HoldPosted", "ann");
      append(journal, act, [{ type: "HoldVoided", holdNo: 3, releasedCents: 150_00 }]);
    },
  },
  request_effect_twice: {
    "a request that is carried out again": (journal) => {
      const { act, event } = find(journal, "Deposited", "ann");
      append(journal, act, [event]);
    },
    "a request with two outcomes": (journal) => {
      const { act, event } = find(journal, "BidRefused", "borrower");
      append(journal, act, [event]);
    },
  },
} satisfies Partial<Record<Check, Record<string, Spoil>>>;
