// Journals whose write-off is spoilt, by the check that must find it.

import type { Check } from "../../src/history/report.ts";
import { append, change, find, type Spoil } from "./spoil.ts";

export const SPOILT_WRITE_OFF = {
  privileged_alone: {
    "a checker who is the maker": change("LoanWrittenOff", "summer", { checker: "oda" }),
    "a maker who did not propose": change("LoanWrittenOff", "summer", { maker: "eve" }),
    "a proposal that its maker returns": change("WriteOffReturned", "summer", { checker: "oda" }),
    "a borrower who proposes": change("WriteOffProposed", "summer", { maker: "dora" }),
    "a borrower who confirms": change("LoanWrittenOff", "summer", { checker: "dora" }),
    "a write-off that nobody proposed": (journal) => {
      find(journal, "WriteOffProposed", "summer", 1).act.events = [];
    },
  },
  event_impossible: {
    "a write-off of what is no default": (journal) => {
      const { event } = find(journal, "LoanWrittenOff", "summer");
      const { act } = find(journal, "LoanListed", "spring");
      append(journal, act, [event]);
    },
    "a proposal that was returned": change("LoanWrittenOff", "summer", { proposalNo: 1 }),
    "a second proposal beside the first": (journal) => {
      find(journal, "WriteOffReturned", "summer").act.events = [];
    },
    "a number left out": change("WriteOffProposed", "summer", { proposalNo: 3 }, 1),
    "a loan that is written off twice": (journal) => {
      const { act, event } = find(journal, "LoanWrittenOff", "summer");
      append(journal, act, [event]);
    },
  },
  claims_differ: {
    "less written off than is owed": change("LoanWrittenOff", "summer", {
      outstandingCents: 999_99,
    }),
  },
  status_wrong: {
    "a recovery that is told as a repayment": change(
      "RepaymentTaken",
      "summer",
      { isRecovery: false },
      1,
    ),
  },
  day_wrong: {
    "a write-off on another day": change("LoanWrittenOff", "summer", { day: 19_700 }),
  },
} satisfies Partial<Record<Check, Record<string, Spoil>>>;
