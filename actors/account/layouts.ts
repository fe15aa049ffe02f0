// Where the fields of the account's events and messages stand in the journal.

import type { Layouts } from "../field-table.ts";
import type { AccountMessage } from "./account.ts";
import type { AccountEvent } from "./events.ts";
import { ASKED } from "../loan/application/layouts.ts";
import type { PayLegs } from "./legs.ts";

const REQUEST = { requestId: "bytes16", fingerprint: "int" } as const;
const APPLICATION = { requestId: "bytes16", loanId: "string" } as const;
const PAYMENT = { loanId: "string", amountCents: "int" } as const;
const CONFIRMED = {
  paymentNo: "int",
  loanId: "string",
  clearingNo: "int",
  instalment: "int",
  returnedCents: "int",
  principalCents: "int",
  interestCents: "int",
  penaltyCents: "int",
  feeCents: "int",
} as const;

export const ACCOUNT_EVENT_LAYOUTS: Layouts<AccountEvent> = {
  AccountOpened: { code: 1, version: 2, fields: { ...REQUEST, by: "nullableString" } },
  Deposited: {
    code: 2,
    version: 3,
    fields: {
      ...REQUEST,
      amountCents: "int",
      reference: "string",
      by: "nullableString",
      isReferenceKept: "flag",
    },
  },
  HoldPlaced: {
    code: 3,
    version: 1,
    fields: {
      ...REQUEST,
      holdNo: "int",
      amountCents: "int",
      loanId: "string",
      fill: "string",
      minCents: "nullableInt",
    },
  },
  BidConfirmed: {
    code: 4,
    version: 1,
    fields: {
      holdNo: "int",
      bidNo: "int",
      filledCents: "int",
      releasedCents: "int",
      remainingCents: "int",
    },
  },
  BidRefused: {
    code: 5,
    version: 1,
    fields: { holdNo: "int", releasedCents: "int", refusal: "string" },
  },
  CancelAsked: {
    code: 6,
    version: 1,
    fields: { ...REQUEST, holdNo: "int", bidNo: "int", loanId: "string" },
  },
  BidCancelled: {
    code: 7,
    version: 1,
    fields: { requestId: "bytes16", holdNo: "int", releasedCents: "int" },
  },
  CancelRefused: {
    code: 8,
    version: 1,
    fields: { requestId: "bytes16", holdNo: "int", refusal: "string" },
  },
  HoldVoided: { code: 9, version: 1, fields: { holdNo: "int", releasedCents: "int" } },
  HoldPosted: {
    code: 10,
    version: 1,
    fields: { holdNo: "int", amountCents: "int", loanId: "string" },
  },
  RequestRefused: { code: 11, version: 1, fields: { ...REQUEST, refusal: "string" } },
  ApplicationAsked: {
    code: 40,
    version: 1,
    fields: { ...REQUEST, loanId: "string", ...ASKED },
  },
  ApplicationConfirmed: { code: 41, version: 1, fields: APPLICATION },
  ApplicationRefused: { code: 42, version: 1, fields: { ...APPLICATION, refusal: "string" } },
  ApplicationClosed: { code: 43, version: 1, fields: { loanId: "string" } },
  DisbursementReceived: { code: 12, version: 1, fields: PAYMENT },
  RepaymentSent: {
    code: 13,
    version: 1,
    fields: { ...REQUEST, paymentNo: "int", ...PAYMENT, mode: "string" },
  },
  DueCollected: { code: 14, version: 1, fields: { paymentNo: "int", ...PAYMENT } },
  RepaymentConfirmed: { code: 15, version: 1, fields: CONFIRMED },
  RepaymentReturned: {
    code: 16,
    version: 1,
    fields: { paymentNo: "int", ...PAYMENT, refusal: "string" },
  },
  WithdrawalHeld: {
    code: 17,
    version: 1,
    fields: { ...REQUEST, withdrawalNo: "int", amountCents: "int", beneficiary: "string" },
  },
  WithdrawalConfirmed: {
    code: 18,
    version: 1,
    fields: { withdrawalNo: "int", amountCents: "int", bookedAtMs: "int" },
  },
  WithdrawalFailed: {
    code: 19,
    version: 1,
    fields: { withdrawalNo: "int", amountCents: "int", reason: "string" },
  },
  DepositBooked: {
    code: 20,
    version: 1,
    fields: { reference: "string", amountCents: "int", bookedAtMs: "int" },
  },
};

export const ACCOUNT_MESSAGE_LAYOUTS: Layouts<AccountMessage | PayLegs> = {
  ConfirmBid: {
    code: 1,
    version: 1,
    fields: { holdNo: "int", bidNo: "int", filledCents: "int", remainingCents: "int" },
  },
  DeclineBid: { code: 2, version: 1, fields: { holdNo: "int", refusal: "string" } },
  ConfirmCancel: { code: 3, version: 1, fields: { holdNo: "int", requestId: "bytes16" } },
  DeclineCancel: {
    code: 4,
    version: 1,
    fields: { holdNo: "int", requestId: "bytes16", refusal: "string" },
  },
  VoidHold: { code: 5, version: 1, fields: { holdNo: "int" } },
  PostHold: { code: 6, version: 1, fields: { holdNo: "int" } },
  ConfirmApplication: {
    code: 40,
    version: 1,
    fields: { loanId: "string", requestId: "bytes16" },
  },
  DeclineApplication: {
    code: 41,
    version: 1,
    fields: { loanId: "string", requestId: "bytes16", refusal: "string" },
  },
  CloseApplication: { code: 42, version: 1, fields: { loanId: "string" } },
  ReceiveDisbursement: { code: 7, version: 1, fields: PAYMENT },
  CollectDue: { code: 8, version: 1, fields: { loanId: "string", owedCents: "int" } },
  ConfirmRepayment: { code: 9, version: 1, fields: CONFIRMED },
  ReturnRepayment: {
    code: 10,
    version: 1,
    fields: { paymentNo: "int", ...PAYMENT, refusal: "string" },
  },
  /** To many accounts at once; `LEG_ITEMS` items a leg. */
  PayLegs: {
    code: 11,
    version: 1,
    fields: { loanId: "string", clearingNo: "int", instalment: "int", legs: "list" },
  },
};
