// What must hold between actors when all journals have been read: sums taken anew, each bid with
// its hold, books against models, money in transit against messages in flight.

import { legCount, legNetCents } from "../../actors/account/legs.ts";
import type { Address } from "../../actors/address.ts";
import { isOpen, type AccountModel, type HoldModel } from "./account-model.ts";
import { checkApplications } from "./application-checks.ts";
import { add } from "./books.ts";
import { legsOf } from "./holder-book.ts";
import type { BidModel, LoanModel } from "./loan-model.ts";
import { isVoided } from "./loan-status.ts";
import type { AnyMessage, Pending } from "./message-book.ts";
import type { World } from "./world.ts";

/** Only for journals that are there from the start. `atRest`: nothing may be under way any more. */
export function checkAtEnd(world: World, atRest: boolean): void {
  const { findings, messages } = world;
  findings.stand(null, null);
  messages.checkLinks(findings);
  const inFlight = messages.inFlight();
  if (atRest) {
    for (const { to, message } of inFlight) {
      findings.add("message_left_over", `${message.type} to ${to.kind}:${to.id}`);
    }
  }
  const ahead = messages.ahead();
  const underWay = [...inFlight, ...ahead];
  const unsettled = holdsUnderWay(underWay);
  for (const account of world.accounts.values()) checkHolds(world, account, unsettled);
  for (const loan of world.loans.values()) checkBids(world, loan, unsettled);
  checkApplications(world, underWay);
  checkPositions(world, inFlight, ahead, atRest);
  checkBooks(world);
  checkTransit(world, inFlight, ahead);
}

/** Holds that a message under way is about: their bid may be a step ahead, or behind. */
function holdsUnderWay(inFlight: readonly Pending[]): ReadonlySet<string> {
  const holds = new Set<string>();
  for (const { to, message } of inFlight) {
    if (!("holdNo" in message)) continue;
    const accountId = "accountId" in message ? message.accountId : to.id;
    holds.add(`${accountId}#${message.holdNo}`);
  }
  return holds;
}

function checkHolds(world: World, account: AccountModel, unsettled: ReadonlySet<string>): void {
  let openCents = account.custody.openCents;
  for (const [holdNo, hold] of account.holds) {
    if (isOpen(hold)) openCents += hold.amountCents;
    const key = `${account.id}#${holdNo}`;
    if (unsettled.has(key)) continue;
    const bid = world.loans.get(hold.loanId)?.bidOfHold.get(key);
    const wrong = holdContradiction(hold, bid);
    if (wrong !== undefined) {
      world.findings.add("bid_without_hold", `hold ${key} for ${hold.loanId}: ${wrong}`);
    }
  }
  world.findings.expect(
    openCents === account.heldCents,
    "held_differs",
    () => `${account.id}: ${account.heldCents} held, holds and withdrawals sum to ${openCents}`,
  );
}

function holdContradiction(hold: HoldModel, bid: BidModel | undefined): string | undefined {
  switch (hold.status) {
    case "waiting":
    case "cancelling":
      return `it is ${hold.status}, and nothing is under way`;
    case "refused":
      return bid === undefined ? undefined : "its bid was taken, the account was told otherwise";
    case "cancelled":
      return bid?.cancelled === true ? undefined : "the account cancelled it, the loan did not";
    case "placed":
    case "posted":
    case "voided":
      break;
  }
  if (bid === undefined || bid.cancelled) return `it is ${hold.status}, and no bid stands on it`;
  if (bid.filledCents !== hold.amountCents) {
    return `it has ${hold.amountCents}, its bid ${bid.filledCents}`;
  }
  if ((hold.status === "placed") === bid.called) {
    return `it is ${hold.status}, and its loan ${bid.called ? "called" : "did not call"} it`;
  }
  return undefined;
}

function checkBids(world: World, loan: LoanModel, unsettled: ReadonlySet<string>): void {
  let raisedCents = 0;
  for (const [bidNo, bid] of loan.bids) {
    if (!bid.cancelled) raisedCents += bid.filledCents;
    const key = `${bid.accountId}#${bid.holdNo}`;
    if (unsettled.has(key)) continue;
    const hold = world.accounts.get(bid.accountId)?.holds.get(bid.holdNo);
    const matches = hold?.loanId === loan.id && hold.bidNo === bidNo;
    world.findings.expect(
      matches,
      "bid_without_hold",
      () => `${loan.id}: bid ${bidNo} has no hold that knows it (${key})`,
    );
    if (!matches || bid.cancelled || !bid.called) continue;
    const due = isVoided(loan.status) ? "voided" : "posted";
    world.findings.expect(
      hold.status === due,
      "bid_without_hold",
      () => `${loan.id} is ${loan.status}: hold ${key} is ${hold.status}, not ${due}`,
    );
  }
  world.findings.expect(
    raisedCents === loan.raisedCents,
    "raised_out_of_range",
    () => `${loan.id}: bids sum to ${raisedCents}, raised is ${loan.raisedCents}`,
  );
}

/** Adds what the legs bring, by loan and lender. */
function addLegs(onTheWay: Map<string, number>, messages: readonly Pending[], sign: 1 | -1): void {
  for (const { message } of messages) {
    if (message.type !== "PayLegs") continue;
    for (const leg of legsOf(message.legs)) {
      const { accountId, principalCents, interestCents, penaltyCents } = leg;
      const key = `${message.loanId} ${accountId}`;
      add(onTheWay, key, sign * (principalCents + interestCents + penaltyCents));
    }
  }
}

/** What each lender received of a loan, and what is still on its way, is what the loan told it. */
function checkPositions(
  world: World,
  inFlight: readonly Pending[],
  ahead: readonly Pending[],
  atRest: boolean,
): void {
  const onTheWay = new Map<string, number>();
  addLegs(onTheWay, inFlight, 1);
  addLegs(onTheWay, ahead, -1);
  const lentAhead = new Map<string, number>();
  for (const { to, message } of ahead) {
    if (message.type !== "CollectFunds") continue;
    add(lentAhead, `${to.id} ${message.accountId}`, message.amountCents);
  }
  for (const { id, repayment } of world.loans.values()) {
    if (repayment === null) continue;
    const { open, holders } = repayment.holders;
    world.findings.expect(!atRest || open === 0, "legs_wrong", () => {
      return `${id}: ${open} clearings are not told to all`;
    });
    for (const [accountId, { shareCents, got }] of holders) {
      const position = world.accounts.get(accountId)?.positions.get(id);
      const {
        lentCents = 0,
        principalCents = 0,
        interestCents = 0,
        penaltyCents = 0,
      } = position ?? {};
      const key = `${id} ${accountId}`;
      const comingCents = onTheWay.get(key) ?? 0;
      const toldCents = got.principal + got.interest + got.penalty;
      world.findings.expect(
        principalCents + interestCents + penaltyCents + comingCents === toldCents &&
          lentCents + (lentAhead.get(key) ?? 0) === shareCents,
        "position_differs",
        () =>
          `${accountId} lent ${lentCents} to ${id} and got ${principalCents} + ` +
          `${interestCents} + ${penaltyCents}; told ${toldCents} on ${shareCents}, ` +
          `${comingCents} on the way`,
      );
    }
  }
}

/** Ledger accounts whose balance follows from accounts and loans. */
const OF_MODELS = /^(asset\.custody|client\.|loan\.clearing)/;

/** Every client's two ledger accounts, every loan's clearing, and all money that came in. */
function checkBooks(world: World): void {
  const expected = new Map<string, number>();
  for (const {
    id,
    availableCents,
    heldCents,
    depositedCents,
    custody,
  } of world.accounts.values()) {
    add(expected, `client.available:${id}`, -availableCents);
    add(expected, `client.held:${id}`, -heldCents);
    add(expected, "asset.custody:", depositedCents + custody.depositedCents - custody.paidCents);
  }
  for (const { id, clearingCents } of world.loans.values()) {
    add(expected, `loan.clearing:${id}`, -clearingCents);
  }
  const booked = new Map<string, number>();
  for (const [shard, books] of world.books) {
    const difference = books.trialBalance();
    world.findings.expect(
      difference === 0,
      "postings_unbalanced",
      () => `the books of shard ${shard} sum to ${difference}`,
    );
    for (const [account, cents] of books.balances) {
      if (OF_MODELS.test(account)) add(booked, account, cents);
    }
  }
  for (const account of new Set([...expected.keys(), ...booked.keys()])) {
    const [said, is] = [booked.get(account) ?? 0, expected.get(account) ?? 0];
    world.findings.expect(
      said === is,
      "books_differ",
      () => `${account}: booked ${said}, is ${is}`,
    );
  }
}

/** The money that a message carries, in the in-transit account that it is booked in meanwhile. */
function carry(
  world: World,
  to: Address,
  message: AnyMessage,
  post: (account: string, cents: number) => void,
): void {
  const between = (from: Address): string => `transit:${world.shardOf(from)}:${world.shardOf(to)}`;
  switch (message.type) {
    case "CollectFunds":
    case "Repay":
      post(between({ kind: "account", id: message.accountId }), -message.amountCents);
      return;
    case "ReceiveDisbursement":
    case "ReturnRepayment":
      post(between({ kind: "loan", id: message.loanId }), -message.amountCents);
      return;
    case "ConfirmRepayment":
      post(between({ kind: "loan", id: message.loanId }), -message.returnedCents);
      return;
    case "PayLegs":
      for (let leg = 0; leg < legCount(message); leg++) {
        post("transit:legs", -legNetCents(message, leg));
      }
      return;
    default:
      return;
  }
}

/**
 * What has left an account and not reached its loan: on the books, and in messages. What came from
 * beyond where its sender was read is booked by its receiver alone.
 */
function checkTransit(world: World, inFlight: readonly Pending[], ahead: readonly Pending[]): void {
  const carried = new Map<string, number>();
  for (const { to, message } of inFlight) {
    carry(world, to, message, (account, cents) => add(carried, account, cents));
  }
  for (const { to, message } of ahead) {
    carry(world, to, message, (account, cents) => add(carried, account, -cents));
  }
  const booked = new Map<string, number>();
  for (const books of world.books.values()) {
    for (const [account, cents] of books.balances) {
      if (account.startsWith("transit:")) add(booked, account, cents);
    }
  }
  for (const account of new Set([...carried.keys(), ...booked.keys()])) {
    const [said, is] = [booked.get(account) ?? 0, carried.get(account) ?? 0];
    world.findings.expect(
      said === is,
      "transit_differs",
      () => `${account}: booked ${said}, messages carry ${is}`,
    );
  }
}
