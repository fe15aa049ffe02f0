// Journals whose applications are spoilt, by the check that must find it.

import type { Check } from "../../src/history/report.ts";
import { append, change, find, type Spoil } from "./spoil.ts";

const OTHER_HASH = "b".repeat(64);

export const SPOILT_APPLICATIONS = {
  privileged_alone: {
    "a checker who is the maker": change("ApplicationApproved", "kiln", { checker: "rita" }),
    "a maker who did not propose": change("ApplicationApproved", "kiln", { maker: "eve" }),
    "a borrower who confirms": change("ApplicationRejected", "barn", { checker: "borrower" }),
    "a proposal that its maker returns": change("ProposalReturned", "kiln", { checker: "rita" }),
  },
  contract_differs: {
    "a hash that is not of the text": change("ApplicationApproved", "kiln", {
      contractHash: OTHER_HASH,
    }),
    "a signature under another hash": change("ContractSigned", "kiln", {
      contractHash: OTHER_HASH,
    }),
    "another rate than was hashed": change("ApprovalProposed", "kiln", { rateBps: 2_000 }, 1),
    "another amount than was hashed": change("ApplicationUpdated", "kiln", {
      amountCents: 600_00,
    }),
    "a listing at another rate": change("LoanListed", "kiln", { rateBps: 2_000 }),
    "a listing of another amount": change("LoanListed", "kiln", { principalCents: 600_00 }),
    "a listing for another borrower": change("LoanListed", "kiln", { borrowerId: "ann" }),
    "a listing over another term": change("LoanListed", "kiln", { term: 12 }),
  },
  listed_unapproved: {
    "a listing around an application": change("LoanListed", "kiln", { contractHash: null }),
    "a listing on a contract that nobody made": change("LoanListed", "spring", {
      contractHash: OTHER_HASH,
    }),
    "a listing that was not signed": (journal) => {
      find(journal, "ContractSigned", "kiln").act.events = [];
    },
    "a listing on another hash": change("LoanListed", "kiln", { contractHash: OTHER_HASH }),
  },
  application_uncounted: {
    "an application that its account has closed": (journal) => {
      const { act } = find(journal, "ApplicationConfirmed", "borrower");
      append(journal, act, [{ type: "ApplicationClosed", loanId: "cart" }]);
    },
    "an application that the loan does not know": (journal) => {
      const { act } = find(journal, "ApplicationCreated", "cart");
      act.events = [];
    },
  },
} satisfies Partial<Record<Check, Record<string, Spoil>>>;

/** Steps that cannot follow what was before them. */
export const IMPOSSIBLE_APPLICATIONS = {
  "an application that is made twice": (journal) => {
    const { act, event } = find(journal, "ApplicationCreated", "cart");
    append(journal, act, [event]);
  },
  "a step of what nobody applied for": (journal) => {
    find(journal, "ApplicationCreated", "boat").act.events = [];
  },
  "a draft that is approved": (journal) => {
    const { act, event } = find(journal, "ApplicationApproved", "kiln");
    append(journal, { ...act, id: "cart" }, [event]);
  },
  "a withdrawal of what was rejected": (journal) => {
    const { act, event } = find(journal, "ApplicationWithdrawn", "boat");
    append(journal, { ...act, id: "barn" }, [event]);
  },
  "a document with the number of another": change("DocumentAttached", "kiln", { documentNo: 2 }),
  "a proposal with the number of another": change("ApprovalProposed", "kiln", { proposalNo: 1 }, 1),
  "a decision on another proposal": change("ApplicationApproved", "kiln", { proposalNo: 1 }),
  "a rejection of what was to be approved": (journal) => {
    const { event } = find(journal, "RejectionProposed", "barn");
    Object.assign(event, find(journal, "ApprovalProposed", "kiln").event, { maker: "rita" });
  },
  "an amount that nobody may ask for": change("ApplicationCreated", "cart", { amountCents: 1 }),
  "a term that nobody may ask for": change("ApplicationCreated", "cart", { term: 1 }),
  "a withdrawal by another": change("ApplicationWithdrawn", "boat", { borrowerId: "ann" }),
  "an application that is confirmed twice": (journal) => {
    const { act, event } = find(journal, "ApplicationConfirmed", "borrower");
    append(journal, act, [event]);
  },
} satisfies Record<string, Spoil>;
