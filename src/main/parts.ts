// The parts of a server, each made from its settings: what `main.ts` puts together.

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { fileFault } from "../config/folders.ts";
import { type Secrets } from "../config/secrets.ts";
import { systemEnvironment } from "../custodian/environment.ts";
import type { Taken } from "../custodian/books.ts";
import { CustodianService, keysOf } from "../custodian/service.ts";
import { KeyRing } from "../documents/key-ring.ts";
import { DocumentStore } from "../documents/store.ts";
import { sweepAlways } from "../documents/sweeper.ts";
import { Authenticator } from "../gateway/authenticator.ts";
import { type Gateway } from "../gateway/gateway.ts";
import { type RedisConnect } from "../journal/connection.ts";
import { EmbeddedRedis } from "../journal/embedded-redis.ts";
import { ShardJournal } from "../journal/shard-journal.ts";
import type { Revocations } from "../revocations/revocations.ts";
import { type ServerAnchors } from "../runtime/anchors.ts";
import type { Cargo } from "../runtime/batch.ts";
import { systemClock } from "../runtime/environment.ts";
import { shardsOfCheckpoint } from "../runtime/replay.ts";
import type { Answer } from "../runtime/port.ts";
import type { OpenJournal } from "../runtime/shard.ts";
import type { RunLog } from "../runtime/run-options.ts";
import { System } from "../runtime/system.ts";
import { DAY_MS, MINUTE_MS } from "../time/units.ts";

/** A stopped owner's lease ends by itself; a killed one's must be waited for. */
const LEASE_WAITS = 3;

/** The business date by the clock, in days since 1970. */
export function todayOf({ deployment }: Config): number {
  return Math.floor((Date.now() + deployment.dayOffsetMinutes * MINUTE_MS) / DAY_MS);
}

const MIB = 1_048_576;
const DOCUMENT_SWEEP_MS = 60_000;

/**
 * Files that are kept from clients: some 100 are open anyway, and
 * connections are made anew at times.
 */
export function filesOf({ deployment, transfers, custodian }: Config): number {
  return 256 + 8 * deployment.shards + 2 * transfers.transfersMax + 2 * custodian.inFlightMax;
}

export async function openDocuments(
  config: Config,
  keys: readonly Uint8Array[],
): Promise<DocumentStore> {
  const { freeMibMin } = config.documents;
  return DocumentStore.open({
    folder: join(config.deployment.dataDir, "documents"),
    ring: new KeyRing(keys),
    freeBytesMin: freeMibMin * MIB,
  }).catch((error: unknown) => {
    throw fileFault((error as Error).cause ?? error, "LOANLOOM_DATA", "documents/ to be writable");
  });
}

export function sweepDocuments(store: DocumentStore, gateway: Gateway, log: RunLog): () => void {
  return sweepAlways({
    store,
    standingOf: (label) => gateway.standingOf(label),
    everyMs: DOCUMENT_SWEEP_MS,
    onSwept: (report) => {
      if (report.found + report.orphans + report.undecided === 0) return;
      log.info({ ...report }, "documents that nobody answered for were swept");
    },
    onFault: (error) => log.warn({ error }, "documents were not swept; it is tried again"),
  });
}

export async function embeddedRedis(config: Config, log: RunLog): Promise<EmbeddedRedis> {
  const { maxmemoryMib, startMsMax, stopMsMax } = config.redis;
  return EmbeddedRedis.start({
    dataDir: config.deployment.dataDir,
    startMsMax,
    stopMsMax,
    ...(maxmemoryMib === 0 ? {} : { maxmemoryBytes: maxmemoryMib * MIB }),
    onEvent: (event) => {
      if (event.type === "died" || event.type === "restart_failed") {
        log.error(event, "the embedded Redis");
      } else {
        log.info(event, "the embedded Redis");
      }
    },
  }).catch((error: unknown) => {
    throw fileFault(error, "LOANLOOM_DATA", "redis/ to be writable");
  });
}

/** Null where none is configured: then nobody withdraws, and deposits are an operator's. */
export async function custodianOf(
  { custodian, deployment }: Config,
  system: () => System,
  log: RunLog,
): Promise<CustodianService | null> {
  const { url } = custodian;
  if (url === null) return null;
  return new CustodianService({
    url,
    keys: await keysOf(custodian, join(deployment.dataDir, "custodian.key")),
    settings: custodian,
    environment: systemEnvironment,
    books: { note: (word, answered) => system().note(word, (answer) => answered(takenOf(answer))) },
    log,
  });
}

/** To a notice an actor answers nothing else. */
function takenOf(answer: Answer): Taken {
  switch (answer.type) {
    case "Noted":
    case "Refused":
    case "Failed":
      return answer;
    default:
      throw new TypeError(`${answer.type} answers no notice`);
  }
}

export function authenticatorOf(
  config: Config,
  secrets: Secrets,
  revocations: Revocations,
): Authenticator {
  const { auth } = config;
  const { jwksUrl, jwksAlgorithm } = auth;
  const keys =
    jwksUrl === null
      ? ({ kind: "secret", secret: Buffer.from(secrets.jwtSecret ?? "") } as const)
      : ({ kind: "jwks", url: jwksUrl, algorithm: jwksAlgorithm } as const);
  const { issuer, audience, clockToleranceS, tokenLifetimeMsMax, keysFetchMsMax } = auth;
  return new Authenticator(
    { keys, issuer, audience, clockToleranceS, tokenLifetimeMsMax, keysFetchMsMax },
    systemClock,
    revocations,
  );
}

/** The embedded Redis has one server at a time, so a killed one's lease need not be waited for. */
export function journalOpener(
  config: Config,
  { macKey }: Secrets,
  connect: RedisConnect,
  anchors: ServerAnchors,
  log: RunLog,
  signal: AbortSignal,
): OpenJournal {
  const embedded = config.redis.url === null;
  const owner = embedded ? "embedded" : `${hostname()}/${process.pid}/${randomUUID()}`;
  return (shard, callbacks) =>
    ShardJournal.takeOver<Cargo>({
      shard,
      connect,
      macKey,
      owner,
      limits: config.journal,
      shards: config.deployment.shards,
      shardsOfCheckpoint,
      anchor: anchors.of(shard),
      leaseWaitMs: config.deployment.standby ? Infinity : config.journal.leaseMs * LEASE_WAITS,
      signal,
      ...callbacks,
      onRewound: (detail) => {
        log.error({ shard, detail }, "Redis went back; what the journal lacked is written again");
        callbacks.onRewound(detail);
      },
    });
}
