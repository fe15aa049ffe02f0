// Ways to spoil the good journal in one place.

import { Packr } from "msgpackr";
import { accountPostings, type AccountEvent } from "../../actors/account/events.ts";
import type { AccountId, LoanId } from "../../actors/address.ts";
import type { PostingSink } from "../../actors/decider.ts";
import { loanPostings, type LoanEvent } from "../../actors/loan/events.ts";
import type { AuditOptions, ShardSource } from "../../src/history/audit.ts";
import type { ServerLedger } from "../../src/history/books.ts";
import { JournalError, type JournalErrorCode } from "../../src/journal/errors.ts";
import { homeOf } from "./good-world.ts";
import { sourcesOf, type TestAct, type TestEntry, type TestJournal } from "./made-journal.ts";

type AnyEvent = AccountEvent | LoanEvent;
export type Loose = Record<string, unknown> & { type: string };

/** The nth record with an event of this type, of this actor when one is named. */
export function find(journal: TestJournal, type: AnyEvent["type"], id?: string, nth = 0) {
  for (const [shard, entries] of journal.entries()) {
    for (const entry of entries) {
      for (const [index, record] of entry.records.entries()) {
        if (record.record !== "act" || (id !== undefined && record.id !== id)) continue;
        const event = record.events.find((each) => each.type === type) as Loose | undefined;
        if (event === undefined || nth-- > 0) continue;
        return { shard, entry, index, act: record, event };
      }
    }
  }
  throw new Error(`the good journal has no such ${type}`);
}

export function change(
  type: AnyEvent["type"],
  id: string,
  fields: Record<string, unknown>,
  nth = 0,
) {
  return (journal: TestJournal) => {
    Object.assign(find(journal, type, id, nth).event, fields);
  };
}

export function lastEntry(journal: TestJournal, shard: number): TestEntry {
  return journal[shard]!.at(-1)!;
}

/** Adds a record behind everything else, with the version that comes next. */
export function append(journal: TestJournal, like: TestAct, events: Loose[]): void {
  const shard = homeOf({ kind: "account", id: like.id as never });
  const versions = journal[shard]!.flatMap(({ records }) => records)
    .filter((record) => record.record === "act" && record.id === like.id)
    .map((record) => (record as TestAct).version);
  const version = Math.max(...versions) + 1;
  lastEntry(journal, shard).records.push({ ...like, version, cause: 0, events });
}

/** The first message that came in from the other shard. */
export function arrival(journal: TestJournal, shard: number) {
  for (const entry of journal[shard]!) {
    for (const [index, record] of entry.records.entries()) {
      if (record.record === "arrived") return { entry, index, record };
    }
  }
  throw new Error("the good journal has a message between shards");
}

/** Spoils the last acknowledgement of the first shard, of which there are two. */
export function received(journal: TestJournal, number: number): void {
  const all = journal[0]!.flatMap(({ records }) => records);
  const acknowledgements = all.filter((record) => record.record === "received");
  if (acknowledgements.length < 2) throw new Error("the good journal has two of them");
  Object.assign(acknowledgements.at(-1)!, { number });
}

export function tampered(journal: TestJournal, code: JournalErrorCode = "tampered"): ShardSource[] {
  const [first, second] = sourcesOf(journal) as [ShardSource, ShardSource];
  const entries = [...(first.entries as Iterable<never>)];
  function* spoilt() {
    yield entries[0]!;
    throw new JournalError(code, "as a source says it");
  }
  return [{ shard: 0, entries: spoilt() }, second];
}

export function withHead(journal: TestJournal, head: ShardSource["head"]): ShardSource[] {
  const [first, second] = sourcesOf(journal) as [ShardSource, ShardSource];
  return [{ ...first, head: head! }, second];
}

/** A batch with one deposit of 2^53 + 2 cents. */
export function withUnsafeDeposit(): Buffer {
  const pack = new Packr({ useRecords: false });
  const requestId = Buffer.alloc(16, 1);
  const event = [2, 1, requestId, 7, 2 ** 53 + 2, "r"];
  return Buffer.concat([
    pack.pack([1, 1_700_000_000_000, 1, 1]),
    pack.pack([1, 1, "ann", 1, 0, 0, event]),
  ]);
}

/** The server's ledger with its first posting of an event spoilt, or all of them. */
export function ledgerWith(spoil: {
  factor: number;
  extra?: number;
  all?: boolean;
  rename?: boolean;
}): ServerLedger {
  const spoilt = (post: PostingSink): PostingSink => {
    let posted = 0;
    return (code, owner, cents) => {
      const touched = spoil.all === true || posted++ === 0;
      const amount = touched ? cents * spoil.factor + (spoil.extra ?? 0) : cents;
      post(code, spoil.rename === true ? `${owner}x` : owner, amount);
    };
  };
  return {
    accountPostings: (event, self, transit, post) =>
      accountPostings(event, self as AccountId, transit, spoilt(post)),
    loanPostings: (event, self, transit, post) =>
      loanPostings(event, self as LoanId, transit, spoilt(post)),
  };
}

/** Spoils a good journal in place, or says what else to give to the auditor. */
export type Spoil = (journal: TestJournal) => Partial<AuditOptions> | void;
