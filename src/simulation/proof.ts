// What is checked when a simulation is over: the auditor's verdict over the whole
// journals, the books, and that the journals alone, replayed from their first entry,
// give the very state of the actors.

import { createHash } from "node:crypto";
import { audit } from "../history/audit.ts";
import type { AuditReport } from "../history/report.ts";
import type { LedgerCode } from "../ledger/chart.ts";
import { LEDGER_CODES } from "../ledger/chart.ts";
import { replayShard } from "../runtime/replay.ts";
import { shardOf } from "../runtime/shard-of.ts";
import { cellHashes } from "../runtime/state-hash.ts";
import type { SimulatedServer } from "./server.ts";

export interface Books {
  /** Cents by ledger code over all shards; debits positive. */
  readonly totals: Readonly<Record<LedgerCode, number>>;
  /** Zero when the books balance. */
  readonly cashDifferenceCents: number;
  readonly memoDifferenceCents: number;
}

export interface Replayed {
  readonly events: number;
  /** Actors whose state in the server was compared with the replay. */
  readonly compared: number;
  readonly differing: readonly string[];
  /** SHA-256 over the journals' chains and the state of every actor: one seed has one. */
  readonly finalHash: string;
}

export async function auditOf({ journals, shards }: SimulatedServer): Promise<AuditReport> {
  return audit({
    shards: journals.map(({ store }, shard) => ({ shard, entries: store.entries })),
    shardOf: (address) => shardOf(address, shards),
    atRest: true,
  });
}

export function booksOf({ system, shards }: SimulatedServer): Books {
  const totals = {} as Record<LedgerCode, number>;
  let cashDifferenceCents = 0;
  let memoDifferenceCents = 0;
  for (const code of LEDGER_CODES) {
    let cents = 0n;
    for (let shard = 0; shard < shards; shard++) {
      cents += system.shard(shard).run!.state.trial.total(code);
    }
    totals[code] = Number(cents);
    if (code.startsWith("memo.")) memoDifferenceCents += totals[code];
    else cashDifferenceCents += totals[code];
  }
  return { totals, cashDifferenceCents, memoDifferenceCents };
}

const NO_SNAPSHOTS = {
  isSealed: false,
  write: () => Promise.resolve(),
  read: () => Promise.resolve(null),
  readParts: () => Promise.resolve(new Map<number, Buffer>()),
};
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Replays every journal from its first entry and compares with the actors that are in memory. */
export async function replayAll(server: SimulatedServer): Promise<Replayed> {
  const hash = createHash("sha256");
  const differing: string[] = [];
  let events = 0;
  let compared = 0;
  for (const [shard, journal] of server.journals.entries()) {
    const source = { snapshots: NO_SNAPSHOTS, read: () => journal.read(null) };
    const replayed = await replayShard(source, shard, server.shards, server.codec, SILENT);
    events += replayed.events;
    const states = cellHashes(replayed.cells.all());
    const live = cellHashes(server.system.shard(shard).run!.cells.all());
    for (const [name, state] of live) {
      compared++;
      if (states.get(name) !== state) differing.push(name);
    }
    hash.update(journal.last.mac);
    for (const name of [...states.keys()].sort()) hash.update(`${name}=${states.get(name)}\n`);
  }
  return { events, compared, differing, finalHash: hash.digest("hex") };
}
