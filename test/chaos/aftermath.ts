// What the runs of this room begin with and end with: tokens, and the audit of the journals that a
// stopped server left behind.

import { journalsByFolder, type JournalAccess } from "../../src/history/journal-access.ts";
import { signToken } from "../../src/gateway/signing.ts";
import { audit } from "../../src/history/audit.ts";
import type { ClientRequest } from "../../src/history/client-log.ts";
import { journalSource } from "../../src/history/journal-source.ts";
import type { AuditReport } from "../../src/history/report.ts";
import type { Role } from "../../src/protocol/table.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import type { ChaosServer } from "./chaos-server.ts";

export function token(secret: string, subject: string, role: Role): Promise<string> {
  const expiresAtMs = Date.now() + 3_600_000;
  return signToken(Buffer.from(secret), { subject, role, expiresAtMs });
}

/** `clientRequests`: all bids that clients sent, when they were written down. */
export async function auditOf(
  server: ChaosServer,
  shards: number,
  clientRequests?: readonly ClientRequest[],
): Promise<AuditReport> {
  const journals = await journalsByFolder(server.dataDir, {});
  return auditOfJournals(journals, shards, clientRequests);
}

export async function auditOfJournals(
  journals: JournalAccess,
  shards: number,
  clientRequests?: readonly ClientRequest[],
): Promise<AuditReport> {
  const sources = Array.from({ length: shards }, (_, shard) =>
    journalSource({ ...journals, shard }),
  );
  try {
    return await audit({
      shards: sources,
      shardOf: (address) => shardOf(address, shards),
      atRest: true,
      ...(clientRequests === undefined ? {} : { clientRequests }),
    });
  } finally {
    for (const source of sources) source.close();
    await journals.close();
  }
}
