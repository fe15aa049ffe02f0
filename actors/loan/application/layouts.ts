// Where the fields of an application's events and messages stand in the journal. Codes from 40 on:
// those below are the loan's as a market.

import type { Layouts } from "../../field-table.ts";
import type { ApplicationMessage } from "./commands.ts";
import type { ApplicationEvent } from "./events.ts";

const REQUEST = { requestId: "bytes16", fingerprint: "int" } as const;
export const ASKED = {
  amountCents: "int",
  purpose: "string",
  method: "string",
  term: "int",
  rateBps: "int",
} as const;
const REVIEWED = {
  rateBps: "int",
  basisDays: "int",
  originationFeeBps: "int",
  serviceFeeBps: "int",
  earlyFeeBps: "int",
  graceDays: "int",
  penaltyPpm: "int",
} as const;
export const JUDGED = {
  ...REQUEST,
  maker: "string",
  checker: "string",
  proposalNo: "int",
} as const;

export const APPLICATION_EVENT_LAYOUTS: Layouts<ApplicationEvent> = {
  ApplicationCreated: {
    code: 40,
    version: 1,
    fields: { borrowerId: "string", requestId: "bytes16", ...ASKED },
  },
  ApplicationDeclined: {
    code: 41,
    version: 1,
    fields: { borrowerId: "string", requestId: "bytes16", refusal: "string" },
  },
  ApplicationUpdated: { code: 42, version: 1, fields: { ...REQUEST, ...ASKED } },
  DocumentAttached: {
    code: 43,
    version: 1,
    fields: {
      ...REQUEST,
      documentNo: "int",
      name: "string",
      mediaType: "string",
      sizeBytes: "int",
      documentHash: "string",
    },
  },
  ApplicationSubmitted: { code: 44, version: 1, fields: REQUEST },
  ApplicationWithdrawn: { code: 45, version: 1, fields: { ...REQUEST, borrowerId: "string" } },
  ApprovalProposed: {
    code: 46,
    version: 1,
    fields: { ...REQUEST, maker: "string", proposalNo: "int", grade: "string", ...REVIEWED },
  },
  RejectionProposed: {
    code: 47,
    version: 1,
    fields: { ...REQUEST, maker: "string", proposalNo: "int", reason: "string" },
  },
  ProposalReturned: { code: 48, version: 1, fields: { ...JUDGED, reason: "nullableString" } },
  ApplicationApproved: {
    code: 49,
    version: 1,
    fields: { ...JUDGED, contractVersion: "int", contractHash: "string" },
  },
  ApplicationRejected: { code: 50, version: 1, fields: { ...JUDGED, borrowerId: "string" } },
  ContractSigned: { code: 51, version: 1, fields: { ...REQUEST, contractHash: "string" } },
  BorrowerRequestRefused: { code: 52, version: 1, fields: { ...REQUEST, refusal: "string" } },
};

export const APPLICATION_MESSAGE_LAYOUTS: Layouts<ApplicationMessage> = {
  OpenApplication: {
    code: 40,
    version: 1,
    fields: { borrowerId: "string", requestId: "bytes16", ...ASKED },
  },
};
