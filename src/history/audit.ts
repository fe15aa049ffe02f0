// Replays the journals of all shards in a slow, obvious, single-threaded model and says what does
// not hold. It must never use what the server runs on: no decide, no evolve, no snapshot, no cache.
// What it shares with the server is how events are written and which messages they imply.

import { accountPostings } from "../../actors/account/events.ts";
import type { AccountId, Address, LoanId } from "../../actors/address.ts";
import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { loanPostings } from "../../actors/loan/events.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import { JournalError, type JournalErrorCode } from "../journal/errors.ts";
import { comparePositions, formatPosition, type Position } from "../journal/position.ts";
import { RecordCodec, type ReadBatch } from "../journal/records.ts";
import type { ServerLedger } from "./books.ts";
import { compareClientActions, type ClientAction } from "./client-actions.ts";
import { compareClientRequests, type ClientRequest } from "./client-log.ts";
import { checkAtEnd } from "./end-checks.ts";
import { EntryRules } from "./entry-rules.ts";
import { replayRecord, type ShardPlace } from "./replay.ts";
import type { AuditReport, Check, Place } from "./report.ts";
import { loanTotalsOf, totalsOf } from "./totals.ts";
import { World } from "./world.ts";

export interface JournalEntry {
  readonly position: Position;
  readonly payload: Uint8Array;
}

/**
 * The journal of one shard. `entries` verifies the MACs and throws a JournalError "tampered", or
 * "journal_behind_anchor", "anchor_invalid" and "snapshots_differ".
 */
export interface ShardSource {
  readonly shard: number;
  readonly entries: Iterable<JournalEntry> | AsyncIterable<JournalEntry>;
  /**
   * What the head named before `entries` was read; null when there is none. Left out when whoever
   * gives the entries has compared it.
   */
  readonly head?: Position | null;
  /** Whether the journal has more by now than `entries` gave. Left out: it has not. */
  readonly hasGoneOn?: () => Promise<boolean>;
}

export interface AuditOptions {
  /** Every shard of the deployment, in any order. */
  readonly shards: readonly ShardSource[];
  readonly shardOf: (address: Address) => number;
  /** True when nothing may be under way: the server is stopped, or idle and drained. */
  readonly atRest: boolean;
  /** All bids that clients sent on the loans that they name. */
  readonly clientRequests?: readonly ClientRequest[];
  /** All cancels and repayments that the clients of these accounts sent. */
  readonly clientActions?: readonly ClientAction[];
  /** Told of each client request where its result stands; null when it has none. */
  readonly onClientRequest?: (request: ClientRequest, settledAt: Place | null) => void;
  readonly ledger?: ServerLedger;
  /** Called now and then with the entries read so far. */
  readonly onProgress?: (shard: number, entries: number) => void;
}

const SERVER_LEDGER: ServerLedger = {
  accountPostings: (event, self, transit, post) =>
    accountPostings(event, self as AccountId, transit, post),
  loanPostings: (event, self, transit, post) => loanPostings(event, self as LoanId, transit, post),
};

/**
 * Reads every journal whole, one after the other: of shards that go on meanwhile, what one of them
 * has from beyond where the other was read is counted, and not judged. Violations are values in
 * the report; what throws is a source that cannot be read (a JournalError "unavailable", or
 * "trimmed" while it was read) or a bug of the auditor.
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  const world = new World(options.shardOf, options.ledger ?? SERVER_LEDGER);
  const codec = new RecordCodec(ACTOR_LAYOUTS, UPCASTERS);
  const rules: EntryRules[] = [];
  let full = true;
  for (const source of options.shards) {
    const shardRules = new EntryRules(world.findings);
    rules.push(shardRules);
    await auditShard(world, codec, source, shardRules, options);
    full &&= shardRules.fromStart || shardRules.entries === 0;
  }
  let clients = null;
  let actions = null;
  if (full) {
    for (const { shard, hasGoneOn } of options.atRest ? [] : options.shards) {
      if ((await hasGoneOn?.()) === true) world.messages.goneOn.add(shard);
    }
    checkAtEnd(world, options.atRest);
    const requests = options.clientRequests;
    if (requests !== undefined) {
      clients = compareClientRequests(world, requests);
      tellPlaces(world, requests, options);
    }
    if (options.clientActions !== undefined) {
      actions = compareClientActions(world, options.clientActions);
    }
  }
  const { findings } = world;
  return {
    ok: findings.count === 0,
    coverage: full ? "full" : "trimmed",
    violations: findings.kept,
    violationCount: findings.count,
    totals: totalsOf(world, rules),
    loans: loanTotalsOf(world),
    clients,
    actions,
  };
}

const PROGRESS_ENTRIES = 256;

async function auditShard(
  world: World,
  codec: RecordCodec,
  source: ShardSource,
  rules: EntryRules,
  options: AuditOptions,
): Promise<void> {
  const { findings } = world;
  const { shard } = source;
  let headSeen = false;
  findings.stand(shard, null);
  try {
    for await (const { position, payload } of source.entries) {
      findings.stand(shard, formatPosition(position));
      const hasRecords = rules.entry(position);
      if (hasRecords) replayEntry(world, codec, { shard, rules, full: rules.fromStart }, payload);
      if (source.head && comparePositions(source.head, position) === 0) headSeen = true;
      if (rules.entries % PROGRESS_ENTRIES === 0) options.onProgress?.(shard, rules.entries);
    }
  } catch (error) {
    // Redis away, or a bug: neither says anything about the journal.
    const check = error instanceof JournalError ? CHECK_OF[error.code] : undefined;
    if (check === undefined) throw error;
    findings.add(check, (error as JournalError).message);
  }
  options.onProgress?.(shard, rules.entries);
  checkHead(world, source, rules, headSeen, options.atRest);
}

/** What a source that throws has found. */
const CHECK_OF: Partial<Record<JournalErrorCode, Check>> = {
  tampered: "chain_broken",
  journal_behind_anchor: "behind_anchor",
  anchor_invalid: "anchor_invalid",
  snapshots_differ: "snapshots_differ",
};

/** With a server that goes on writing, entries may stand behind the head that was read first. */
function checkHead(
  world: World,
  { shard, head }: ShardSource,
  { last }: EntryRules,
  headSeen: boolean,
  atRest: boolean,
): void {
  if (head === undefined) return;
  world.findings.stand(shard, last === null ? null : formatPosition(last));
  const names = (position: Position | null): string =>
    position === null ? "nothing" : formatPosition(position);
  const same =
    head === null || last === null
      ? head === last || (head === null && !atRest)
      : headSeen && (!atRest || comparePositions(head, last) === 0);
  world.findings.expect(
    same,
    "head_differs",
    () => `the head names ${names(head)}, the last entry is ${names(last)}`,
  );
}

function replayEntry(
  world: World,
  codec: RecordCodec,
  place: ShardPlace,
  payload: Uint8Array,
): void {
  let batch: ReadBatch;
  try {
    batch = codec.read(payload);
  } catch (error) {
    world.findings.add("entry_unreadable", error instanceof Error ? error.message : String(error));
    return;
  }
  place.rules.batch(batch.header, batch.records.length);
  for (const record of batch.records) replayRecord(world, place, record);
}

function tellPlaces(
  world: World,
  requests: readonly ClientRequest[],
  { onClientRequest }: AuditOptions,
): void {
  if (onClientRequest === undefined) return;
  for (const request of requests) {
    onClientRequest(request, world.requests.of(request.requestId)[0]?.settledAt ?? null);
  }
}
