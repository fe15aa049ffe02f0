// After a run on a server of our own: the clients' logs against its journal, in the auditor's slow
// and obvious model. The server is stopped; its word is never asked.

import { join } from "node:path";
import { audit } from "../../src/history/audit.ts";
import { journalsByFolder } from "../../src/history/journal-access.ts";
import { journalSource } from "../../src/history/journal-source.ts";
import type { AuditReport } from "../../src/history/report.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import type { ClientRecords } from "./client-records.ts";

export interface JournalAuditOptions {
  /** The server's folder; its data is in `data`. */
  readonly folder: string;
  readonly shards: number;
  readonly records: ClientRecords;
  readonly onProgress?: (entries: number) => void;
}

/** Violations are values in the report; what throws is a journal that cannot be read. */
export async function auditJournal(options: JournalAuditOptions): Promise<AuditReport> {
  const { folder, shards, records, onProgress } = options;
  const journals = await journalsByFolder(join(folder, "data"), {});
  const sources = Array.from({ length: shards }, (_, shard) =>
    journalSource({ ...journals, shard }),
  );
  try {
    return await audit({
      shards: sources,
      shardOf: (address) => shardOf(address, shards),
      atRest: true,
      clientRequests: records.bids,
      clientActions: records.actions,
      ...(onProgress && { onProgress: (_, entries) => onProgress(entries) }),
    });
  } finally {
    for (const source of sources) source.close();
    await journals.close();
  }
}
