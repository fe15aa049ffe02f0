// Whether what an actor did is what the message asked for that it carried out, and whether events
// that only a message can bring about had one. Names, holds, amounts: compared one by one.

import type { AccountEvent } from "../../actors/account/events.ts";
import type { LoanEvent } from "../../actors/loan/events.ts";
import type { AnyMessage } from "./message-book.ts";

export type AnyEvent = AccountEvent | LoanEvent;

/** The events that may follow a message: the first must be one of these. */
const ANSWERS: Record<
  Exclude<AnyMessage["type"], "AlarmRang" | "DayCame" | "PayLegs">,
  readonly AnyEvent["type"][]
> = {
  ConfirmBid: ["BidConfirmed"],
  DeclineBid: ["BidRefused"],
  ConfirmCancel: ["BidCancelled"],
  DeclineCancel: ["CancelRefused"],
  VoidHold: ["HoldVoided"],
  PostHold: ["HoldPosted"],
  FillBid: ["BidPlaced", "BidDeclined"],
  CancelFill: ["FillCancelled", "CancelDeclined"],
  CollectFunds: ["FundsCollected"],
  OpenApplication: ["ApplicationCreated", "ApplicationDeclined"],
  ConfirmApplication: ["ApplicationConfirmed"],
  DeclineApplication: ["ApplicationRefused"],
  CloseApplication: ["ApplicationClosed"],
  NextStep: ["HoldsCalled", "HoldsVoided", "LegsAllotted"],
  ReceiveDisbursement: ["DisbursementReceived"],
  CollectDue: ["DueCollected"],
  ConfirmRepayment: ["RepaymentConfirmed"],
  ReturnRepayment: ["RepaymentReturned"],
  Repay: ["RepaymentTaken", "RepaymentDeclined", "NothingCollected"],
};

/** What a request or an alarm may bring about; everything else needs a message. */
const OF_REQUESTS: ReadonlySet<AnyEvent["type"]> = new Set<AnyEvent["type"]>([
  "AccountOpened",
  "Deposited",
  "HoldPlaced",
  "CancelAsked",
  "RequestRefused",
  "LoanListed",
  "LoanConfirmed",
  "ListingExpired",
  "LoanCancelled",
  "ApplicationAsked",
  "ApplicationUpdated",
  "DocumentAttached",
  "ApplicationSubmitted",
  "ApplicationWithdrawn",
  "ApprovalProposed",
  "RejectionProposed",
  "ProposalReturned",
  "ApplicationApproved",
  "ApplicationRejected",
  "ContractSigned",
  "BorrowerRequestRefused",
  "RepaymentSent",
  "WithdrawalHeld",
  "WithdrawalConfirmed",
  "WithdrawalFailed",
  "DepositBooked",
  "DayWorked",
  "WriteOffProposed",
  "WriteOffReturned",
  "LoanWrittenOff",
]);

/** Closes a step in the same breath: never the first event of a record. */
const CLOSINGS: ReadonlyMap<AnyEvent["type"], readonly AnyEvent["type"][]> = new Map<
  AnyEvent["type"],
  readonly AnyEvent["type"][]
>([
  ["LoanFunded", ["BidPlaced"]],
  ["CollectionStarted", ["LoanFunded"]],
  ["LoanCollected", ["FundsCollected"]],
  ["LoanDisbursed", ["LoanCollected"]],
  ["LoanSettled", ["RepaymentTaken"]],
  // Right after the day's work in older journals: before the borrower's account was asked.
  ["LoanDefaulted", ["NothingCollected", "RepaymentTaken", "DayWorked"]],
  ["LoanCured", ["RepaymentTaken"]],
  ["RepaymentDeclined", ["NothingCollected"]],
]);

/** Undefined when the events are what the message, or a request, may bring about. */
export function contradiction(
  message: AnyMessage | undefined,
  events: readonly AnyEvent[],
): string | undefined {
  const [first, ...others] = events;
  if (first === undefined) return message === undefined ? undefined : "nothing came of a message";
  let before = first;
  for (const next of others) {
    if (CLOSINGS.get(next.type)?.includes(before.type) !== true)
      return `${next.type} right after ${before.type}`;
    before = next;
  }
  if (message === undefined) {
    return OF_REQUESTS.has(first.type) ? undefined : `${first.type} without a message`;
  }
  const answers: readonly string[] =
    message.type in ANSWERS ? ANSWERS[message.type as keyof typeof ANSWERS] : [];
  if (!answers.includes(first.type)) return `${first.type} came of ${message.type}`;
  for (const event of events) {
    const differing = differingField(message, event);
    if (differing !== undefined) return differing;
  }
  return undefined;
}

/** Fields that message and event both have mean the same, but a bid's amount is what it asked. */
function differingField(message: AnyMessage, event: AnyEvent): string | undefined {
  const asked = message as unknown as Record<string, unknown>;
  const done = event as unknown as Record<string, unknown>;
  for (const [field, value] of Object.entries(asked)) {
    if (field === "type" || !(field in done)) continue;
    if (done[field] !== value) {
      return `${event.type} has ${field} ${String(done[field])}, ${message.type} ${String(value)}`;
    }
  }
  return undefined;
}
