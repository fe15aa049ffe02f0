// The demo's look at the journal: the auditor of `loanloom verify`, with the clients' own logs. It
// may run beside the server, and then what is under way is no violation.

import { join } from "node:path";
import { audit, type AuditOptions } from "../../history/audit.ts";
import { journalsByFolder } from "../../history/journal-access.ts";
import { journalSource } from "../../history/journal-source.ts";
import type { AuditReport } from "../../history/report.ts";
import { shardOf } from "../../runtime/shard-of.ts";
import type { LegWitness } from "./leg-witness.ts";

export interface DemoAuditOptions extends Pick<
  AuditOptions,
  "atRest" | "clientRequests" | "onClientRequest"
> {
  readonly folder: string;
  readonly shards: number;
  readonly witness?: LegWitness;
  /** Told how to end what the audit opens, so that a run that is ended leaves nothing behind. */
  readonly undo: (step: () => Promise<void>) => void;
}

/** Uses the Redis that runs on the folder; when none does, one is started only to read. */
export async function auditDemo(options: DemoAuditOptions): Promise<AuditReport> {
  const { folder, shards, witness, undo, ...asked } = options;
  const journals = await journalsByFolder(join(folder, "data"), {});
  undo(() => journals.close());
  const sources = Array.from({ length: shards }, (_, shard) =>
    journalSource({ ...journals, shard }),
  );
  try {
    return await audit({
      ...asked,
      shards: sources.map((source) => ({
        ...source,
        entries: witness?.observe(source.shard, source.entries) ?? source.entries,
      })),
      shardOf: (address) => shardOf(address, shards),
    });
  } finally {
    for (const source of sources) source.close();
    await journals.close();
  }
}
