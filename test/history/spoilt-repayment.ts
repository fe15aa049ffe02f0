// Journals of repaid loans that are spoilt in one place, by the check that must find it.

import type { Check } from "../../src/history/report.ts";
import type { TestJournal, TestRecord } from "./made-journal.ts";
import { append, arrival, change, find, type Loose, type Spoil } from "./spoil.ts";

type LegsRecord = Extract<TestRecord, { record: "legs" }>;

/** The nth record of that kind, in the order of the shards. */
function record<Name extends TestRecord["record"]>(journal: TestJournal, name: Name, nth = 0) {
  const found: { records: TestRecord[]; index: number }[] = [];
  for (const { records } of journal.flat()) {
    records.forEach((each, index) => {
      if (each.record === name) found.push({ records, index });
    });
  }
  const place = found[nth];
  if (place === undefined) throw new Error(`the good journal has no such ${name}`);
  const { records, index } = place;
  return { ...place, record: records[index] as Extract<TestRecord, { record: Name }> };
}

/** Changes one item of the legs of a clearing: of the leg `leg`, the `item`th of five. */
function leg(nth: number, legNo: number, item: number, by: number | string) {
  return (journal: TestJournal) => {
    const { event } = find(journal, "LegsAllotted", "spring", nth);
    const legs = [...(event["legs"] as (number | string)[])];
    const at = legNo * 5 + item;
    legs[at] = typeof by === "number" ? (legs[at] as number) + by : by;
    event["legs"] = legs;
  };
}

/** Moves cents of one series from one leg to another: the sums stay right. */
function shift(nth: number, item: number, from: number, to: number, cents: number): Spoil {
  return (journal) => {
    leg(nth, from, item, -cents)(journal);
    leg(nth, to, item, cents)(journal);
  };
}

const PENALISED: Spoil = change("DayWorked", "spring", { newPenaltyCents: 99 }, 6);

export const SPOILT_REPAYMENT = {
  disbursement_wrong: {
    "less than the principal": change("LoanDisbursed", "spring", { principalCents: 900_00 }),
    "to somebody else": change("LoanDisbursed", "spring", { borrowerId: "ann" }),
    "by rules that nobody knows": change("LoanDisbursed", "spring", { rules: 3 }),
    "with a first due date of its own": change("LoanDisbursed", "spring", { wakeOn: 19_706 }),
  },
  event_impossible: {
    "a loan that is paid out twice": (journal) => {
      const { act, event } = find(journal, "LoanDisbursed", "spring");
      append(journal, act, [event]);
    },
    "a payment after the end": (journal) => {
      const { act, event } = find(journal, "RepaymentTaken", "spring");
      append(journal, act, [{ ...event, clearingNo: 8 }]);
    },
    "what the calendar did not ask for": change(
      "RepaymentTaken",
      "spring",
      { mode: "collected" },
      2,
    ),
    "a payment number left out": change("RepaymentSent", "borrower", { paymentNo: 7 }),
  },
  owed_wrong: {
    "a penalty that is another": PENALISED,
    "an instalment that falls due twice": change("DayWorked", "spring", { newDues: 2 }),
    "more owed than is due": change("DayWorked", "spring", { owedCents: 256_29 }),
    "a next day that is too late": change("RepaymentTaken", "spring", { wakeOn: 19_900 }),
    "a day of which the loan is not told": change("NothingCollected", "summer", { wakeOn: null }),
    "terms with another rate": change("LoanListed", "spring", { rateBps: 1_300 }),
    "terms with another grace": change("LoanListed", "spring", { graceDays: 4 }),
    "terms with another penalty": change("LoanListed", "spring", { penaltyPpm: 600 }),
  },
  accrued_twice: {
    "a day that is worked again": (journal) => {
      const { entry, index, act } = find(journal, "DayWorked", "summer", 5);
      entry.records.splice(index + 1, 0, { ...act, version: act.version + 1 });
    },
    "a day before its time": change("LoanDisbursed", "spring", { day: 19_676 }),
  },
  day_wrong: {
    "a record of another date": change("DayWorked", "summer", { day: 19_700 }, 3),
    "a date that begins twice": (journal) => {
      const { records, index, record: day } = record(journal, "day", 3);
      records.splice(index, 0, day);
    },
    "a letter of another date than its sender's": (journal) => {
      arrival(journal, 1).record.day--;
    },
    "a letter of a date that is still to come": (journal) => {
      arrival(journal, 1).record.day += 900;
    },
    "an end on another day": change("LoanSettled", "spring", { day: 19_700 }),
  },
  status_wrong: {
    "a default that is left out": (journal) => {
      const { act } = find(journal, "LoanDefaulted", "summer");
      act.events = act.events.slice(0, 1);
    },
    "a default that comes early": (journal) => {
      const { act, event } = find(journal, "DayWorked", "summer", 20);
      act.events = [event, { type: "LoanDefaulted", day: event["day"] } as Loose];
    },
    "an end that is left out": (journal) => {
      const { act } = find(journal, "LoanSettled", "spring");
      act.events = act.events.slice(0, 1);
    },
    "an end with something owed": (journal) => {
      const { act, event } = find(journal, "RepaymentTaken", "spring");
      act.events = [event, { type: "LoanSettled", day: event["day"] } as Loose];
    },
    "a recovery of a loan that was not lost": change("RepaymentTaken", "spring", {
      isRecovery: true,
    }),
  },
  division_wrong: {
    "principal before interest": change("RepaymentTaken", "spring", {
      interestCents: 9_00,
      principalCents: 247_28,
    }),
    "a penalty that is forgiven": change(
      "RepaymentTaken",
      "spring",
      { penaltyCents: 0, principalCents: 20_00 },
      2,
    ),
    "an early fee that is forgotten": change(
      "RepaymentTaken",
      "spring",
      { feeCents: 0, principalCents: 98_00 },
      4,
    ),
    "a payment on another day": change("RepaymentTaken", "spring", { day: 19_750 }, 6),
    "too little given back": change("RepaymentTaken", "spring", { returnedCents: 1 }, 6),
    "a payment that should be declined": change("RepaymentTaken", "spring", { accountId: "ann" }),
    "parts that are less than the payment": change("RepaymentTaken", "spring", {
      principalCents: 246_27,
    }),
    "an instalment that was not the oldest": change("RepaymentTaken", "spring", { instalment: 2 }),
  },
  refusal_untrue: {
    "a payment that was due": change("RepaymentDeclined", "spring", { refusal: "exceeds_owed" }, 1),
    "a borrower who is one": change("RepaymentDeclined", "spring", { refusal: "loan_settled" }),
  },
  fee_wrong: {
    "an origination fee of another rate": change("LoanListed", "spring", { originationFeeBps: 99 }),
    "a service fee of another rate": change("LoanListed", "spring", { serviceFeeBps: 990 }),
    "a service fee of one lender": leg(0, 1, 4, 1),
  },
  legs_wrong: {
    "a lender who is told twice": (journal) => {
      const { event } = find(journal, "LegsAllotted", "spring");
      const legs = event["legs"] as unknown[];
      event["legs"] = [...legs, ...legs.slice(0, 5)];
    },
    "a lender who is left out": (journal) => {
      const { event } = find(journal, "LegsAllotted", "spring");
      event["legs"] = (event["legs"] as unknown[]).slice(5);
    },
    "somebody who lent nothing": leg(0, 1, 0, "dora"),
    "a leg that takes": shift(4, 2, 2, 1, 100_00),
    "a clearing that is skipped": change("LegsAllotted", "spring", { clearingNo: 3 }),
    "a clearing that ends early": change("LegsAllotted", "spring", { nextHolder: 2 }),
    "a clearing number left out": change("RepaymentTaken", "spring", { clearingNo: 9 }, 1),
    "a clearing that is told to nobody": (journal) => {
      const { entry, index } = find(journal, "LegsAllotted", "spring", 6);
      entry.records.splice(index, 1);
    },
  },
  share_wrong: {
    "two cents of principal for the neighbour": shift(1, 1, 0, 1, 2),
    "two cents of interest for the neighbour": shift(0, 2, 2, 0, 2),
    "a cent of principal at the end": shift(6, 1, 0, 1, 1),
  },
  position_differs: {
    "a leg of which its lender has less": (journal) => {
      leg(6, 0, 1, -10_00)(journal);
      leg(6, 1, 1, 10_00)(journal);
    },
    "a leg of a loan that it did not lend to": (journal) => {
      const { act } = find(journal, "HoldPosted", "ann");
      act.events = [];
    },
    "a clearing that comes twice": (journal) => {
      const { act, event } = find(journal, "LegsAllotted", "spring", 6);
      append(journal, act, [event]);
      const { record: legs } = record(journal, "legs", 0);
      const last = journal[0]!.at(-1)!.records;
      last.push({ ...legs, cause: lastMessageNo(journal), upTo: 1, skipped: [] } as LegsRecord);
    },
  },
  claims_differ: {
    "a debt that falls by less": change("RepaymentTaken", "spring", {
      principalCents: 240_28,
      interestCents: 16_00,
    }),
  },
  message_misread: {
    "less collected than there is": change("DueCollected", "borrower", { amountCents: 200_00 }),
    "more given back than was sent": change(
      "RepaymentDeclined",
      "spring",
      { amountCents: 5_00 },
      1,
    ),
  },
  message_not_pending: {
    "legs that are received twice": (journal) => {
      const { records, index, record: legs } = record(journal, "legs", 0);
      records.splice(index, 0, legs);
    },
    "legs of which some are left out": (journal) => {
      record(journal, "legs", 0).record.upTo += 7;
    },
  },
  message_left_over: {
    "a leg that no lender received": (journal) => {
      const { records, index } = record(journal, "legs", 0);
      records.splice(index, 1);
    },
  },
  request_effect_twice: {
    "a payment that is answered twice": (journal) => {
      const { act, event } = find(journal, "RepaymentConfirmed", "borrower");
      append(journal, act, [event]);
    },
  },
  transit_differs: {
    "money that is given back twice": (journal) => {
      const { act, event } = find(journal, "RepaymentReturned", "borrower");
      append(journal, act, [event]);
    },
  },
} satisfies Partial<Record<Check, Record<string, Spoil>>>;

/** The number of the last message inside the first shard, as the appended legs have it. */
function lastMessageNo(journal: TestJournal): number {
  const header = journal[0]!.at(-1)!.header;
  if (header === null) throw new Error("the last entry has records");
  return header.firstMessageNo + 1;
}
