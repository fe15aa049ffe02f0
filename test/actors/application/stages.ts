// The life of an application as events, up to each of its stages, for tests to start from.

import { contractHash } from "../../../actors/loan/application/contract.ts";
import type { AccountId, LoanId } from "../../../actors/address.ts";
import { request, type Typed } from "../../support/given.ts";

export const NOW = 1_700_000_000_000;

export const ASKED = {
  amountCents: 1_000_00,
  purpose: "a kiln",
  method: "equal_instalment",
  term: 12,
  rateBps: 900,
} as const;

export const REVIEWED = {
  rateBps: 1_080,
  basisDays: 365,
  originationFeeBps: 150,
  serviceFeeBps: 1_000,
  earlyFeeBps: 100,
  graceDays: 3,
  penaltyPpm: 500,
} as const;

export const HASH = contractHash(1, {
  loanId: "l" as LoanId,
  borrowerId: "bob" as AccountId,
  asked: ASKED,
  reviewed: REVIEWED,
});

export const DOCUMENT = {
  name: "statement.pdf",
  mediaType: "application/pdf",
  sizeBytes: 1_000,
  documentHash: "a".repeat(64),
} as const;

export const JUDGED = { maker: "rita", checker: "sam", proposalNo: 1 } as const;

export const CREATED: Typed = {
  type: "ApplicationCreated",
  borrowerId: "bob",
  requestId: request(1).requestId,
  ...ASKED,
};
export const ATTACHED: Typed = {
  type: "DocumentAttached",
  ...request(2),
  documentNo: 1,
  ...DOCUMENT,
};
export const SUBMITTED: Typed = { type: "ApplicationSubmitted", ...request(3) };
export const PROPOSED: Typed = {
  type: "ApprovalProposed",
  ...request(4),
  maker: "rita",
  proposalNo: 1,
  grade: "B",
  ...REVIEWED,
};
export const REJECTION: Typed = {
  type: "RejectionProposed",
  ...request(4),
  maker: "rita",
  proposalNo: 1,
  reason: "no income",
};
export const RETURNED: Typed = {
  type: "ProposalReturned",
  ...request(5),
  ...JUDGED,
  reason: "too cheap",
};
export const APPROVED: Typed = {
  type: "ApplicationApproved",
  ...request(6),
  ...JUDGED,
  contractVersion: 1,
  contractHash: HASH,
};
export const REJECTED: Typed = {
  type: "ApplicationRejected",
  ...request(6),
  ...JUDGED,
  borrowerId: "bob",
};
export const SIGNED: Typed = { type: "ContractSigned", ...request(7), contractHash: HASH };
export const WITHDRAWN: Typed = {
  type: "ApplicationWithdrawn",
  ...request(8),
  borrowerId: "bob",
};
export const LISTING = {
  stepCents: 1_00,
  minBidCents: 100_00,
  lenderCapCents: null,
  opensAtMs: null,
  closesAtMs: NOW + 1_000,
  cancellable: true,
} as const;
export const LISTED: Typed = {
  type: "LoanListed",
  ...request(9),
  borrowerId: "bob",
  principalCents: ASKED.amountCents,
  ...LISTING,
  method: ASKED.method,
  term: ASKED.term,
  ...REVIEWED,
  disbursesAtOnce: false,
  by: "ops",
  contractHash: HASH,
};

/** What happened up to the stage; `direct` is a loan that an operator listed without any of it. */
export const STAGES = {
  absent: [],
  draft: [CREATED],
  submitted: [CREATED, ATTACHED, SUBMITTED],
  proposed: [CREATED, SUBMITTED, PROPOSED],
  toReject: [CREATED, SUBMITTED, REJECTION],
  returned: [CREATED, SUBMITTED, { ...PROPOSED, ...request(40) }, RETURNED],
  approved: [CREATED, SUBMITTED, PROPOSED, APPROVED],
  rejected: [CREATED, SUBMITTED, REJECTION, REJECTED],
  signed: [CREATED, SUBMITTED, PROPOSED, APPROVED, SIGNED],
  withdrawn: [CREATED, WITHDRAWN],
  listed: [CREATED, SUBMITTED, PROPOSED, APPROVED, SIGNED, LISTED],
  direct: [{ ...LISTED, contractHash: null }],
} as const satisfies Record<string, readonly Typed[]>;
export type Stage = keyof typeof STAGES;
export const ALL_STAGES = Object.keys(STAGES) as Stage[];
