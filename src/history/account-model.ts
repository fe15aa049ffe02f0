// What an account is, told as slowly and plainly as possible: a Map of holds and two numbers. It
// must never use decide or evolve of the server's actors; it reads the meaning of their events.

import type { AccountEvent } from "../../actors/account/events.ts";
import { applyCustody, bookReference, CustodyModel, isCustodyEvent } from "./custody-model.ts";
import { lend, type PositionModel } from "./position-model.ts";
import type { Findings } from "./report.ts";

type HoldStatus =
  "waiting" | "placed" | "cancelling" | "refused" | "cancelled" | "voided" | "posted";

export interface HoldModel {
  readonly loanId: string;
  readonly requestId: string;
  readonly askedCents: number;
  amountCents: number;
  bidNo: number;
  status: HoldStatus;
}

export interface AccountModel {
  readonly id: string;
  availableCents: number;
  heldCents: number;
  depositedCents: number;
  readonly holds: Map<number, HoldModel>;
  /** Loans that are applied for, and whether the loan has answered. */
  readonly applications: Map<string, "asked" | "open">;
  /** By loan. */
  readonly positions: Map<string, PositionModel>;
  /** Repayments ever sent, and the requests of those that were asked for, by number. */
  payments: number;
  readonly paying: Map<number, string>;
  /** Sum of the open holds, kept beside `heldCents`, which follows the money of the events. */
  holdsCents: number;
  readonly custody: CustodyModel;
}

export type Accounts = Map<string, AccountModel>;

export function isOpen(hold: HoldModel): boolean {
  return hold.status === "waiting" || hold.status === "placed" || hold.status === "cancelling";
}

/** Takes an event in, and says what about it cannot be. */
export function applyToAccount(
  accounts: Accounts,
  id: string,
  event: AccountEvent,
  findings: Findings,
): void {
  // The money of a loan opens the account of a borrower that had none.
  if (event.type === "DisbursementReceived" && !accounts.has(id))
    accounts.set(id, openedAccount(id));
  const account = accounts.get(id);
  if (event.type === "AccountOpened") {
    findings.expect(account === undefined, "event_impossible", () => `${id} was opened before`);
    if (account === undefined) accounts.set(id, openedAccount(id));
    return;
  }
  if (account === undefined) {
    findings.add("event_impossible", `${event.type} of ${id}, which was never opened`);
    return;
  }
  if (event.type === "Deposited") {
    findings.expect(event.amountCents > 0, "event_impossible", () => `${id}: deposit of nothing`);
    account.availableCents += event.amountCents;
    account.depositedCents += event.amountCents;
    if (event.isReferenceKept) bookReference(account, event, findings);
  } else if (isCustodyEvent(event)) {
    applyCustody(account, event, findings);
  } else if (event.type === "HoldPlaced") {
    placeHold(account, event, findings);
  } else if (isApplying(event)) {
    changeApplication(account, event, findings);
  } else if ("holdNo" in event) {
    changeHold(account, event, findings);
  } else {
    account.availableCents += availableChange(event);
    if ("paymentNo" in event) countPayment(account, event, findings);
  }
  checkBalance(account, findings);
}

/** Money that a loan sends, and that goes to it. */
function availableChange(event: AccountEvent): number {
  switch (event.type) {
    case "DisbursementReceived":
    case "RepaymentReturned":
      return event.amountCents;
    case "RepaymentConfirmed":
      return event.returnedCents;
    case "RepaymentSent":
    case "DueCollected":
      return -event.amountCents;
    default:
      return 0;
  }
}

/** Payments of an account are numbered, and each that was asked for has one answer. */
function countPayment(
  account: AccountModel,
  event: Extract<AccountEvent, { paymentNo: number }>,
  findings: Findings,
): void {
  const { paymentNo } = event;
  const name = `${account.id}: ${event.type} of payment ${paymentNo}`;
  switch (event.type) {
    case "RepaymentSent":
    case "DueCollected": {
      const next = ++account.payments;
      findings.expect(paymentNo === next, "event_impossible", () => `${name}, ${next} comes next`);
      if (event.type === "RepaymentSent") account.paying.set(paymentNo, event.requestId);
      return;
    }
    case "RepaymentConfirmed":
    case "RepaymentReturned":
      findings.expect(
        paymentNo <= account.payments,
        "event_impossible",
        () => `${name}, which was never sent`,
      );
  }
}

function openedAccount(id: string): AccountModel {
  return {
    id,
    availableCents: 0,
    heldCents: 0,
    depositedCents: 0,
    holds: new Map(),
    applications: new Map(),
    positions: new Map(),
    payments: 0,
    paying: new Map(),
    holdsCents: 0,
    custody: new CustodyModel(),
  };
}

function placeHold(
  account: AccountModel,
  event: Extract<AccountEvent, { type: "HoldPlaced" }>,
  findings: Findings,
): void {
  const { holdNo, amountCents, loanId, requestId } = event;
  const next = account.holds.size + 1;
  findings.expect(
    holdNo === next,
    "event_impossible",
    () => `${account.id}: hold ${holdNo} where ${next} comes next`,
  );
  findings.expect(
    amountCents > 0,
    "event_impossible",
    () => `${account.id}: hold ${holdNo} of ${amountCents} cents`,
  );
  account.availableCents -= amountCents;
  account.heldCents += amountCents;
  account.holdsCents += amountCents;
  account.holds.set(holdNo, {
    loanId,
    requestId,
    askedCents: amountCents,
    amountCents,
    bidNo: 0,
    status: "waiting",
  });
}

type Applying = Extract<
  AccountEvent,
  { type: "ApplicationAsked" | "ApplicationConfirmed" | "ApplicationRefused" | "ApplicationClosed" }
>;

/** From which status an event may come; undefined where nothing is. */
const APPLYING_FROM: Readonly<Record<Applying["type"], "asked" | "open" | undefined>> = {
  ApplicationAsked: undefined,
  ApplicationConfirmed: "asked",
  ApplicationRefused: "asked",
  ApplicationClosed: "open",
};

function isApplying(event: AccountEvent): event is Applying {
  return event.type in APPLYING_FROM;
}

function changeApplication(account: AccountModel, event: Applying, findings: Findings): void {
  const { applications } = account;
  const before = applications.get(event.loanId);
  findings.expect(
    before === APPLYING_FROM[event.type],
    "event_impossible",
    () => `${account.id}: ${event.type} of ${event.loanId}, which is ${before ?? "not there"}`,
  );
  if (event.type === "ApplicationAsked") applications.set(event.loanId, "asked");
  else if (event.type === "ApplicationConfirmed") applications.set(event.loanId, "open");
  else applications.delete(event.loanId);
  findings.expect(
    applications.size <= 20,
    "event_impossible",
    () => `${account.id} has ${applications.size} open applications`,
  );
}

type HoldEvent = Extract<
  AccountEvent,
  {
    type:
      | "BidConfirmed"
      | "BidRefused"
      | "CancelAsked"
      | "BidCancelled"
      | "CancelRefused"
      | "HoldVoided"
      | "HoldPosted";
  }
>;

/** From which statuses an event may come, to which it leads, and what becomes of the money. */
const CHANGES: Record<
  HoldEvent["type"],
  readonly [from: readonly HoldStatus[], to: HoldStatus | null]
> = {
  BidConfirmed: [["waiting"], "placed"],
  BidRefused: [["waiting"], "refused"],
  CancelAsked: [["placed"], "cancelling"],
  BidCancelled: [["cancelling"], "cancelled"],
  // The loan may have posted or voided it first: the refusal finds the hold closed, and leaves it.
  CancelRefused: [["cancelling", "posted", "voided"], null],
  HoldVoided: [["placed", "cancelling"], "voided"],
  HoldPosted: [["placed", "cancelling"], "posted"],
};

function changeHold(account: AccountModel, event: HoldEvent, findings: Findings): void {
  const name = `${account.id}: ${event.type} of hold ${event.holdNo}`;
  const hold = account.holds.get(event.holdNo);
  if (hold === undefined) {
    findings.add("event_impossible", `${name}, which was never placed`);
    return;
  }
  const [from, to] = CHANGES[event.type];
  findings.expect(
    from.includes(hold.status),
    "event_impossible",
    () => `${name}, which is ${hold.status}`,
  );
  if (event.type === "CancelAsked") {
    findings.expect(
      event.loanId === hold.loanId && event.bidNo === hold.bidNo,
      "event_impossible",
      () =>
        `${name} names bid ${event.bidNo} of ${event.loanId}, not ${hold.bidNo} of ${hold.loanId}`,
    );
  }
  const wasOpen = isOpen(hold);
  const before = wasOpen ? hold.amountCents : 0;
  moveMoney(account, hold, event, name, findings);
  if (to !== null) hold.status = to;
  else if (hold.status === "cancelling") hold.status = "placed";
  account.holdsCents += (isOpen(hold) ? hold.amountCents : 0) - before;
}

function moveMoney(
  account: AccountModel,
  hold: HoldModel,
  event: HoldEvent,
  name: string,
  findings: Findings,
): void {
  if (event.type === "CancelAsked" || event.type === "CancelRefused") return;
  if (event.type === "HoldPosted") {
    findings.expect(
      event.amountCents === hold.amountCents && event.loanId === hold.loanId,
      "event_impossible",
      () =>
        `${name}: ${event.amountCents} to ${event.loanId}, held ${hold.amountCents} for ${hold.loanId}`,
    );
    account.heldCents -= event.amountCents;
    lend(account.positions, event.loanId, event.amountCents);
    return;
  }
  const keptCents = event.type === "BidConfirmed" ? event.filledCents : 0;
  findings.expect(
    keptCents + event.releasedCents === hold.amountCents,
    "event_impossible",
    () => `${name}: keeps ${keptCents}, releases ${event.releasedCents} of ${hold.amountCents}`,
  );
  if (event.type === "BidConfirmed") {
    findings.expect(keptCents > 0, "event_impossible", () => `${name} fills nothing`);
    hold.bidNo = event.bidNo;
    hold.amountCents = keptCents;
  }
  account.heldCents -= event.releasedCents;
  account.availableCents += event.releasedCents;
}

function checkBalance(account: AccountModel, findings: Findings): void {
  const { id, availableCents, heldCents, holdsCents } = account;
  const withdrawalsCents = account.custody.openCents;
  findings.expect(
    availableCents >= 0 && heldCents >= 0,
    "balance_negative",
    () => `${id}: ${availableCents} available, ${heldCents} held`,
  );
  findings.expect(
    heldCents === holdsCents + withdrawalsCents,
    "held_differs",
    () => `${id}: ${heldCents} held, open holds ${holdsCents}, withdrawals ${withdrawalsCents}`,
  );
}
