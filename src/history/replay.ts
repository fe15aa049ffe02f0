// Takes the records of one shard into the world, in order, checking each against what came before.

import { accountMessages, type AccountEvent } from "../../actors/account/events.ts";
import { LEG_ITEMS, legCount, legReceiver, type PayLegs } from "../../actors/account/legs.ts";
import {
  ACTOR_KINDS,
  MANY_ACCOUNTS,
  type AccountId,
  type Address,
  type LoanId,
} from "../../actors/address.ts";
import { isApplicationEvent } from "../../actors/loan/application/events.ts";
import { isLoanAnswer, loanMessages, type LoanEvent } from "../../actors/loan/events.ts";
import type { Transit } from "../../actors/decider.ts";
import type { JournalRecord } from "../journal/records.ts";
import { applyToAccount } from "./account-model.ts";
import { checkAnswer } from "./answers.ts";
import { applyToApplication, listApplication } from "./application-model.ts";
import {
  collect,
  expectedOfAccount,
  expectedOfLeg,
  expectedOfLoan,
  samePostings,
  sumOf,
  type Posting,
} from "./books.ts";
import { contradiction } from "./causes.ts";
import type { EntryRules } from "./entry-rules.ts";
import { legsOf } from "./holder-book.ts";
import { applyToLoan } from "./loan-model.ts";
import { receiveLeg } from "./position-model.ts";
import { checkStanding } from "./repayment-life.ts";
import type { AnyMessage, Pending } from "./message-book.ts";
import type { World } from "./world.ts";

type LegsRecord = Extract<JournalRecord, { record: "legs" }>;
type Act = Extract<JournalRecord, { record: "act" }>;

/**
 * Where the records stand: their shard, its rules, and whether its journal is there from the start.
 */
export interface ShardPlace {
  readonly shard: number;
  readonly rules: EntryRules;
  readonly full: boolean;
}

export function replayRecord(world: World, place: ShardPlace, record: JournalRecord): void {
  world.records++;
  switch (record.record) {
    case "act":
      replayAct(world, place, record);
      return;
    case "arrived": {
      const number = place.rules.nextMessageNo();
      const to = addressOf(record.kind, record.id);
      if (to !== MANY_ACCOUNTS) expectOwnShard(world, place.shard, to);
      const message = record.message as AnyMessage;
      const { fromShard, number: linkNumber, day } = record;
      const pending = { to, message, day };
      if (!place.full) {
        rememberLegs(world, place.shard, number, pending);
        return;
      }
      const inOrder = world.messages.arrive(fromShard, place.shard, linkNumber, number, pending);
      world.findings.expect(
        inOrder,
        "link_broken",
        () => `message ${linkNumber} from shard ${fromShard} arrived out of order`,
      );
      world.findings.expect(
        day <= dayOf(world, place.shard),
        "day_wrong",
        () => `a message of day ${day} arrived in shard ${place.shard} before that day`,
      );
      return;
    }
    case "received": {
      if (!place.full) return;
      const link = world.messages.link(place.shard, record.toShard);
      world.findings.expect(
        record.number >= link.receivedUpTo && record.number <= link.sent.length,
        "link_acknowledged_early",
        () => `${record.number} acknowledged by shard ${record.toShard}, ${link.sent.length} sent`,
      );
      link.receivedUpTo = record.number;
      return;
    }
    case "legs":
      replayLegs(world, place, record);
      return;
    case "day":
      world.findings.expect(
        record.day > dayOf(world, place.shard),
        "day_wrong",
        () => `day ${record.day} begins in shard ${place.shard} after a later one`,
      );
      world.days.set(place.shard, record.day);
      return;
  }
}

/**
 * Of a trimmed journal too: whose versions the legs count is in the message alone. They stay until
 * all are received, so there are as many as are under way.
 */
function rememberLegs(world: World, shard: number, number: number, pending: Pending): void {
  if (pending.message.type === "PayLegs") world.messages.of(shard).set(number, pending);
}

/** The next legs of a repayment reach their lenders, each once. */
function replayLegs(world: World, { shard, rules, full }: ShardPlace, record: LegsRecord): void {
  const { findings, messages } = world;
  const { cause, upTo, skipped } = record;
  const received = messages.takeLegs(shard, cause, upTo);
  if (received === undefined) {
    if (rules.knows(cause)) {
      findings.add("message_not_pending", `legs up to ${upTo} of message ${cause}`);
    }
    rules.unknownLegs(skipped.length);
    return;
  }
  const { message, from } = received;
  for (const [place, leg] of legsOf(message.legs).slice(from, upTo).entries()) {
    const id = leg.accountId;
    if (skipped.includes(from + place)) {
      const at = (from + place) * LEG_ITEMS;
      const single = { ...message, legs: message.legs.slice(at, at + LEG_ITEMS) };
      const day = dayOf(world, shard);
      const pending = { to: MANY_ACCOUNTS, message: single, day };
      messages.send(shard, shard, rules.nextMessageNo(), pending);
      continue;
    }
    expectOwnShard(world, shard, { kind: "account", id: id as AccountId });
    rules.leg(`account:${id}`);
    const { principalCents, interestCents, penaltyCents, feeCents } = leg;
    const netCents = principalCents + interestCents + penaltyCents - feeCents;
    world.booksOf(shard).post(expectedOfLeg(id, netCents));
    findings.expect(netCents >= 0, "amount_unsafe", () => `a leg of ${id} is ${netCents}`);
    if (!full) continue;
    const account = world.accounts.get(id);
    if (account === undefined) findings.add("event_impossible", `a leg of ${id}, never opened`);
    else receiveLeg(account, message, leg, findings);
  }
}

function replayAct(world: World, { shard, rules, full }: ShardPlace, act: Act): void {
  const self = addressOf(act.kind, act.id);
  const name = `${self.kind}:${self.id}`;
  const { findings } = world;
  expectOwnShard(world, shard, self);
  const events = act.events as readonly (AccountEvent | LoanEvent)[];
  const changes = events.some(
    (event) => self.kind === "account" || !isLoanAnswer(event as LoanEvent),
  );
  rules.version(name, act.version, changes);
  if (full) checkCause(world, shard, act, self, events);
  for (const event of events) {
    world.events++;
    checkAmounts(world, name, event);
    world.neverFallsOf(shard).see(name, event, findings);
    world.booksOf(shard).post(checkedPostings(world, shard, self, event));
    if (full) {
      if (self.kind === "account") {
        const account = event as AccountEvent;
        world.requests.note(name, account, world.accounts.get(self.id), findings);
        applyToAccount(world.accounts, self.id, account, findings);
      } else {
        world.requests.note(name, event, undefined, findings);
        const when = { at: act.at, day: dayOf(world, shard) };
        applyLoanEvent(world, self.id, event as LoanEvent, when);
      }
    }
    sendMessages(world, { shard, rules, full }, self, event);
  }
  if (full && self.kind === "loan") checkLoan(world, shard, self.id);
}

function checkLoan(world: World, shard: number, id: string): void {
  const loan = world.loans.get(id);
  if (loan === undefined) return;
  const books = world.booksOf(shard);
  const memo = {
    claimCents: books.of(`memo.claim:${id}`),
    lostCents: books.of(`memo.lost:${id}`),
    debtCents: 0 - books.of(`memo.debt:${id}`),
  };
  checkStanding(loan, memo, world.findings);
}

function applyLoanEvent(
  world: World,
  id: string,
  event: LoanEvent,
  when: { readonly at: number; readonly day: number },
): void {
  const { applications, loans, findings } = world;
  if (isApplicationEvent(event)) {
    applyToApplication(applications, id, event, findings);
    return;
  }
  if (event.type === "LoanListed") listApplication(applications, id, event, findings);
  applyToLoan(loans, id, event, when, findings);
}

/** The message that the record carries out, and whether the record is what it asked for. */
function checkCause(
  world: World,
  shard: number,
  act: Act,
  self: Address,
  events: readonly (AccountEvent | LoanEvent)[],
): void {
  const { findings } = world;
  const name = `${self.kind}:${self.id}`;
  let message: AnyMessage | undefined;
  if (act.cause !== 0) {
    message = world.messages.take(shard, act.cause, self.kind, self.id)?.message;
    if (message === undefined) {
      findings.add("message_not_pending", `${name} carries out message ${act.cause}`);
      return;
    }
  }
  const wrong = contradiction(message, events);
  if (wrong !== undefined) {
    findings.add(
      message === undefined ? "event_without_cause" : "message_misread",
      `${name}: ${wrong}`,
    );
  }
  if (message !== undefined) {
    const place = { shardDay: dayOf(world, shard), at: act.at };
    checkAnswer(world, self.id, message, events, place);
  }
}

function checkedPostings(
  world: World,
  shard: number,
  self: Address,
  event: AccountEvent | LoanEvent,
): readonly Posting[] {
  const transit: Transit = {
    to: (receiver) => `${shard}:${world.shardOf(receiver)}`,
    from: (sender) => `${world.shardOf(sender)}:${shard}`,
  };
  const expected =
    self.kind === "account"
      ? expectedOfAccount(event as AccountEvent, self.id, transit)
      : expectedOfLoan(event as LoanEvent, self.id, transit);
  const posted = collect((post) => {
    if (self.kind === "account") {
      world.ledger.accountPostings(event as AccountEvent, self.id, transit, post);
    } else {
      world.ledger.loanPostings(event as LoanEvent, self.id, transit, post);
    }
  });
  const { findings } = world;
  const name = `${event.type} of ${self.kind}:${self.id}`;
  const sum = sumOf(posted);
  findings.expect(sum === 0, "postings_unbalanced", () => `${name} sums to ${sum}`);
  findings.expect(samePostings(posted, expected), "postings_differ", () => {
    return `${name}: posted ${JSON.stringify(posted)}, expected ${JSON.stringify(expected)}`;
  });
  return posted;
}

/** Messages follow from events; those inside the shard take the next numbers in order. */
function sendMessages(
  world: World,
  { shard, rules, full }: ShardPlace,
  self: Address,
  event: AccountEvent | LoanEvent,
): void {
  const sendTo = (toShard: number, to: Address, message: AnyMessage): void => {
    const number = toShard === shard ? rules.nextMessageNo() : 0;
    const pending = { to, message, day: dayOf(world, shard) };
    if (full) world.messages.send(shard, toShard, number, pending);
    else if (toShard === shard) rememberLegs(world, shard, number, pending);
  };
  const send = (to: Address, message: AnyMessage): void => {
    if (message.type !== "PayLegs") sendTo(world.shardOf(to), to, message);
    else for (const [toShard, part] of partsOf(world, message)) sendTo(toShard, to, part);
  };
  if (self.kind === "account") accountMessages(event as AccountEvent, self.id, send);
  else loanMessages(event as LoanEvent, self.id, send);
}

/** Legs by the shard of their lender, shards in ascending order. */
function partsOf(world: World, fan: PayLegs): readonly (readonly [number, PayLegs])[] {
  const parts = new Map<number, PayLegs["legs"][number][]>();
  for (let leg = 0; leg < legCount(fan); leg++) {
    const shard = world.shardOf({ kind: "account", id: legReceiver(fan, leg) });
    const legs = parts.get(shard) ?? [];
    legs.push(...fan.legs.slice(leg * LEG_ITEMS, (leg + 1) * LEG_ITEMS));
    parts.set(shard, legs);
  }
  const shards = [...parts.keys()].sort((a, b) => a - b);
  return shards.map((shard) => [shard, { ...fan, legs: parts.get(shard)! }]);
}

function checkAmounts(world: World, name: string, event: AccountEvent | LoanEvent): void {
  for (const [field, value] of Object.entries(event)) {
    if (typeof value !== "number") continue;
    world.findings.expect(
      Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0),
      "amount_unsafe",
      () => `${event.type} of ${name}: ${field} is ${value}`,
    );
  }
}

function dayOf(world: World, shard: number): number {
  return world.days.get(shard) ?? 0;
}

function expectOwnShard(world: World, shard: number, self: Address): void {
  const home = world.shardOf(self);
  world.findings.expect(
    home === shard,
    "actor_in_wrong_shard",
    () => `${self.kind}:${self.id} belongs to shard ${home}`,
  );
}

function addressOf(kind: number, id: string): Address {
  if (id === MANY_ACCOUNTS.id) return MANY_ACCOUNTS;
  return kind === ACTOR_KINDS.account
    ? { kind: "account", id: id as AccountId }
    : { kind: "loan", id: id as LoanId };
}
