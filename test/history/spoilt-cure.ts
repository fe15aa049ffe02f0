// Journals whose cure of a default is spoilt, by the check that must find it.

import type { Check } from "../../src/history/report.ts";
import type { TestJournal } from "./made-journal.ts";
import { change, find, type Loose, type Spoil } from "./spoil.ts";

function withoutDefault(journal: TestJournal): void {
  const { act } = find(journal, "LoanDefaulted", "winter");
  act.events = act.events.slice(0, 1);
}

export const SPOILT_CURE = {
  event_impossible: {
    "a cure of what is no default": withoutDefault,
  },
  status_wrong: {
    "a cure with something owed": (journal) => {
      const { act, event } = find(journal, "RepaymentTaken", "winter");
      act.events = [event, { type: "LoanCured", day: event["day"] } as Loose];
    },
    "a default that is left out": withoutDefault,
    "a cure that is left out": (journal) => {
      const { act } = find(journal, "LoanCured", "winter");
      act.events = act.events.slice(0, 1);
    },
  },
  message_misread: {
    "a cure that no payment brought": (journal) => {
      const { act, event } = find(journal, "LoanCured", "winter");
      const { act: other } = find(journal, "NothingCollected", "winter", 5);
      act.events = act.events.slice(0, 1);
      other.events = [...other.events, event];
    },
  },
  day_wrong: {
    "a cure on another day": change("LoanCured", "winter", { day: 19_700 }),
    "a default on another day": change("LoanDefaulted", "winter", { day: 19_700 }),
  },
} satisfies Partial<Record<Check, Record<string, Spoil>>>;
