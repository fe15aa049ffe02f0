// Where the fields of the loan's events and messages stand in the journal.

import type { Layouts } from "../field-table.ts";
import {
  APPLICATION_EVENT_LAYOUTS,
  APPLICATION_MESSAGE_LAYOUTS,
  JUDGED,
} from "./application/layouts.ts";
import type { LoanEvent } from "./events.ts";
import type { LoanMessage } from "./loan.ts";

const REQUEST = { requestId: "bytes16", fingerprint: "int" } as const;
const BIDDER = { accountId: "string", holdNo: "int" } as const;
const PARTS = {
  penaltyCents: "int",
  interestCents: "int",
  principalCents: "int",
  feeCents: "int",
} as const;
const LENDING = {
  method: "string",
  term: "int",
  rateBps: "int",
  basisDays: "int",
  originationFeeBps: "int",
  serviceFeeBps: "int",
  earlyFeeBps: "int",
  graceDays: "int",
  penaltyPpm: "int",
  disbursesAtOnce: "flag",
} as const;
const HOLDS = { holds: "list", nextBidNo: "int", last: "flag" } as const;

export const LOAN_EVENT_LAYOUTS: Layouts<LoanEvent> = {
  LoanListed: {
    code: 1,
    version: 3,
    fields: {
      ...REQUEST,
      borrowerId: "string",
      principalCents: "int",
      stepCents: "int",
      minBidCents: "int",
      lenderCapCents: "nullableInt",
      opensAtMs: "nullableInt",
      closesAtMs: "int",
      cancellable: "flag",
      ...LENDING,
      by: "nullableString",
      contractHash: "nullableString",
    },
  },
  BidPlaced: {
    code: 2,
    version: 1,
    fields: { ...BIDDER, bidNo: "int", filledCents: "int", remainingCents: "int" },
  },
  BidDeclined: { code: 3, version: 1, fields: { ...BIDDER, refusal: "string" } },
  FillCancelled: { code: 4, version: 1, fields: { ...BIDDER, bidNo: "int", requestId: "bytes16" } },
  CancelDeclined: {
    code: 5,
    version: 1,
    fields: { ...BIDDER, requestId: "bytes16", refusal: "string" },
  },
  LoanFunded: { code: 6, version: 1, fields: {} },
  ListingExpired: { code: 7, version: 1, fields: {} },
  HoldsVoided: { code: 8, version: 1, fields: HOLDS },
  LoanConfirmed: { code: 9, version: 2, fields: { ...REQUEST, by: "nullableString" } },
  HoldsCalled: { code: 10, version: 1, fields: HOLDS },
  FundsCollected: { code: 11, version: 1, fields: { ...BIDDER, amountCents: "int" } },
  LoanCollected: { code: 12, version: 2, fields: { byStandingBids: "flag" } },
  RequestRefused: { code: 13, version: 1, fields: { ...REQUEST, refusal: "string" } },
  CollectionStarted: { code: 14, version: 1, fields: {} },
  LoanDisbursed: {
    code: 15,
    version: 2,
    fields: {
      borrowerId: "string",
      day: "int",
      principalCents: "int",
      originationFeeCents: "int",
      wakeOn: "nullableInt",
      rules: "int",
    },
  },
  DayWorked: {
    code: 16,
    version: 1,
    fields: {
      borrowerId: "string",
      day: "int",
      newDues: "int",
      newPenaltyCents: "int",
      owedCents: "int",
      wakeOn: "nullableInt",
    },
  },
  NothingCollected: { code: 17, version: 1, fields: { wakeOn: "nullableInt" } },
  RepaymentTaken: {
    code: 18,
    version: 1,
    fields: {
      clearingNo: "int",
      accountId: "string",
      paymentNo: "int",
      mode: "string",
      day: "int",
      amountCents: "int",
      returnedCents: "int",
      ...PARTS,
      instalment: "int",
      wakeOn: "nullableInt",
      isRecovery: "flag",
    },
  },
  RepaymentDeclined: {
    code: 19,
    version: 1,
    fields: { accountId: "string", paymentNo: "int", amountCents: "int", refusal: "string" },
  },
  LegsAllotted: {
    code: 20,
    version: 1,
    fields: {
      clearingNo: "int",
      instalment: "int",
      legs: "list",
      nextHolder: "int",
      last: "flag",
    },
  },
  LoanDefaulted: { code: 21, version: 1, fields: { day: "int" } },
  // Version 1 had the amount alone. No command led to it: there is none in any journal.
  LoanWrittenOff: {
    code: 22,
    version: 2,
    fields: { ...JUDGED, day: "int", outstandingCents: "int" },
  },
  LoanSettled: { code: 23, version: 1, fields: { day: "int" } },
  WriteOffProposed: {
    code: 24,
    version: 1,
    fields: { ...REQUEST, maker: "string", proposalNo: "int", reason: "string" },
  },
  WriteOffReturned: { code: 25, version: 1, fields: { ...JUDGED, reason: "nullableString" } },
  LoanCured: { code: 26, version: 1, fields: { day: "int" } },
  LoanCancelled: { code: 27, version: 1, fields: { ...REQUEST, by: "string", reason: "string" } },
  ...APPLICATION_EVENT_LAYOUTS,
};

export const LOAN_MESSAGE_LAYOUTS: Layouts<LoanMessage> = {
  FillBid: {
    code: 1,
    version: 1,
    fields: { ...BIDDER, amountCents: "int", fill: "string", minCents: "nullableInt" },
  },
  CancelFill: { code: 2, version: 1, fields: { ...BIDDER, bidNo: "int", requestId: "bytes16" } },
  CollectFunds: { code: 3, version: 1, fields: { ...BIDDER, amountCents: "int" } },
  NextStep: { code: 4, version: 1, fields: {} },
  AlarmRang: { code: 5, version: 1, fields: {} },
  Repay: {
    code: 6,
    version: 1,
    fields: { accountId: "string", paymentNo: "int", mode: "string", amountCents: "int" },
  },
  DayCame: { code: 7, version: 1, fields: {} },
  ...APPLICATION_MESSAGE_LAYOUTS,
};
