// Example values for the documentation, made from the table. One small story: alice lends to bob.

import { parseRequestId } from "../../actors/address.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../time/units.ts";
import type { Field } from "./table.ts";

const REQUEST_ID = parseRequestId("01938c3a-7c00-7a3f-8b2d-5f6e7d8c9b0a")!;
const NOW_MS = 1_732_435_200_000;

/** By field, where the type alone would make a dull or impossible example. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  accountId: "alice",
  subject: "alice",
  borrowerId: "bob",
  loanId: "loan-2024-117",
  loanIds: ["loan-2024-117", "loan-2024-118"],
  principalCents: 100_000_000,
  raisedCents: 37_250_000,
  remainingCents: 62_750_000,
  amountCents: 250_000,
  filledCents: 250_000,
  releasedCents: 250_000,
  minCents: 100_000,
  stepCents: 100,
  minBidCents: 10_000,
  lenderCapCents: 5_000_000,
  availableCents: 1_750_000,
  heldCents: 250_000,
  bids: 149,
  bidId: 12,
  rank: 149,
  entry: 41,
  after: 38,
  openBids: 1,
  seq: 152,
  fill: "upTo",
  kind: "hold_placed",
  state: "done",
  reconnectAfterMs: 1_000,
  expiresAtMs: NOW_MS + HOUR_MS,
  closesAtMs: NOW_MS + DAY_MS,
  opensAtMs: null,
  code: null,
  method: "equal_instalment",
  term: 12,
  rateBps: 1_080,
  basisDays: 365,
  originationFeeBps: 150,
  serviceFeeBps: 1_000,
  earlyFeeBps: 100,
  graceDays: 3,
  penaltyPpm: 500,
  purpose: "a kiln for the workshop",
  wantedRateBps: 990,
  documents: 2,
  documentNo: 1,
  name: "bank statement.pdf",
  sizeBytes: 182_044,
  documentHash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  proposal: 1,
  maker: "rita",
  checker: "sam",
  contractVersion: 1,
  contractHash: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
  contract: "LOAN CONTRACT, VERSION 1\n\nLoan: loan-2024-117\n",
  mode: "due",
  interestCents: 900_000,
  penaltyCents: 0,
  feeCents: 90_000,
  returnedCents: 0,
  clearing: 3,
  clearings: 3,
  instalment: 3,
  outstandingCents: 75_500_000,
  owedCents: 0,
  lateDays: 0,
  withdrawal: 3,
  beneficiary: "CN 6222 0219 0100 4471",
  heldAtMs: NOW_MS - MINUTE_MS,
  settledAtMs: NOW_MS,
  reason: null,
  k: 4,
  legs: 1_000,
  legsCents: 8_884_900,
  index: 148,
  ownCents: 22_000,
  ownPrincipalCents: 20_000,
  ownInterestCents: 2_222,
  ownPenaltyCents: 0,
  ownFeeCents: 222,
  sumCents: 45_000,
  accruedCents: 740,
  dueCents: 0,
  expectedCents: 9_750,
  xirrPpm: 107_113,
  writtenOffCents: 75_500_000,
  recoveredCents: 4_200_000,
  from: 0,
  paymentCents: 888_490,
  totalCents: 106_618_700,
  loans: 1,
  lentCents: 250_000,
  repaidCents: 61_250,
  receivedCents: 2_250,
  feesCents: 225,
  isClosed: false,
  submitted: 12,
  proposed: 3,
  signed: 1,
  stage: "submitted",
  sinceMs: NOW_MS - HOUR_MS,
  isMemo: false,
  isDue: false,
  shard: null,
  cashDebitCents: 412_000_000,
  cashCreditCents: 412_000_000,
  memoDebitCents: 75_500_000,
  memoCreditCents: 75_500_000,
  cashCents: 409_000_000,
  memoCents: 75_500_000,
  debitCents: 412_000_000,
  creditCents: 0,
  differenceCents: 0,
  inTransitCents: 0,
  reference: "custody 2024-11-24/0042",
  url: "wss://b.example.org/v1/ws",
  token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl",
};

/** Values by name, in the form of the program. */
export function exampleOf(fields: readonly Field[]): Record<string, unknown> {
  const example: Record<string, unknown> = {};
  for (const field of fields) {
    const named = field.name in BY_NAME && (field.type !== "text" || BY_NAME[field.name] !== null);
    example[field.name] = named ? BY_NAME[field.name] : valueOf(field);
  }
  return example;
}

function valueOf(field: Field): unknown {
  switch (field.type) {
    case "requestId":
      return REQUEST_ID;
    case "timeMs":
      return NOW_MS;
    case "day":
      return Math.floor(NOW_MS / DAY_MS);
    case "rows":
      return [exampleOf(field.columns!)];
    case "text":
      return "client.available";
    case "sha256":
      return "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    case "flag":
      return true;
    case "choice":
      return field.choices![0];
    default:
      throw new Error(`the field ${field.name} needs an example`);
  }
}

export const EXAMPLE_POSITION = "0:3-18127";
export const EXAMPLE_ID = 7;
