// The composition root: the only place where the rooms are put together. It holds no rule of its
// own, and nothing but the command line imports it.

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { ACTOR_LAYOUTS } from "../actors/kinds.ts";
import { UPCASTERS } from "../actors/upcasters.ts";
import type { Config } from "./config.ts";
import { anchorFolderOf, revocationsFileOf } from "./config/folders.ts";
import { loadDocumentKeys, loadSecrets, type Secrets } from "./config/secrets.ts";
import { systemEnvironment } from "./custodian/environment.ts";
import type { Taken } from "./custodian/books.ts";
import { CustodianService, keysOf } from "./custodian/service.ts";
import { KeyRing } from "./documents/key-ring.ts";
import { DocumentStore } from "./documents/store.ts";
import { sweepAlways } from "./documents/sweeper.ts";
import { Authenticator } from "./gateway/authenticator.ts";
import { createGatewayCounters } from "./gateway/counters.ts";
import { createDocumentCounters } from "./gateway/documents/counters.ts";
import { createGateway, type Gateway } from "./gateway/gateway.ts";
import { systemTimers } from "./journal/clock.ts";
import { connectTo, redisConnect, type RedisConnect } from "./journal/connection.ts";
import { checkDurability, onlyDurable, type JournalHome } from "./journal/durability.ts";
import { EmbeddedRedis } from "./journal/embedded-redis.ts";
import { MemoryWatch } from "./journal/memory-watch.ts";
import { RecordCodec } from "./journal/records.ts";
import { parseRedisUrl } from "./journal/redis-url.ts";
import { ShardJournal } from "./journal/shard-journal.ts";
import { readCustodian } from "./ops/custodian-source.ts";
import { watchEventLoopLag } from "./ops/event-loop-lag.ts";
import { readLive } from "./ops/live-source.ts";
import { Metrics } from "./ops/metrics.ts";
import { readRevocations } from "./ops/revocation-source.ts";
import { readDocuments, readGateway, readRuntime } from "./ops/sources.ts";
import { RevocationFollower } from "./revocations/follower.ts";
import type { Revocations } from "./revocations/revocations.ts";
import { serverAnchors, type ServerAnchors } from "./runtime/anchors.ts";
import type { Cargo } from "./runtime/batch.ts";
import { followClock } from "./runtime/clock-dates.ts";
import { createRuntimeCounters } from "./runtime/counters.ts";
import { systemClock, systemScheduler, TurnClock } from "./runtime/environment.ts";
import { shardsOfCheckpoint } from "./runtime/replay.ts";
import type { Answer } from "./runtime/port.ts";
import type { OpenJournal } from "./runtime/shard.ts";
import type { RunLog } from "./runtime/run-options.ts";
import { System } from "./runtime/system.ts";
import { DAY_MS, MINUTE_MS } from "./time/units.ts";

export interface RunningServer {
  /** The port that it really listens on. */
  readonly port: number;
  /** The process id of the embedded Redis; null when another one is used. */
  readonly redisPid: number | null;
  /** Resolves, of a server that may stand by, when another one has taken over: why. */
  readonly lost: Promise<string>;
  /** Drains, lets the last commits out, closes all; at most the configured times. */
  stop(reason: string): Promise<void>;
}

const MEMORY_POLL_MS = 1_000;
/** A stopped owner's lease ends by itself; a killed one's must be waited for. */
const LEASE_WAITS = 3;

/**
 * Starts everything and resolves when it serves. Rejects, with everything stopped again, with the
 * typed error of whatever could not be started: ConfigError, RevocationFileError, JournalError,
 * EmbeddedRedisError. On `stopping` it no longer waits for another server to go (JournalError `closed`).
 */
export async function startServer(
  config: Config,
  log: RunLog,
  stopping: AbortSignal = new AbortController().signal,
): Promise<RunningServer> {
  const undo: (() => Promise<void> | void)[] = [];
  const undoAll = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await start(config, log, stopping, undo, undoAll);
  } catch (error) {
    await undoAll();
    throw error;
  }
}

async function start(
  config: Config,
  log: RunLog,
  stopping: AbortSignal,
  undo: (() => Promise<void> | void)[],
  undoAll: () => Promise<void>,
): Promise<RunningServer> {
  const revoked = await RevocationFollower.start({
    path: revocationsFileOf(config),
    settings: config.auth,
    clock: systemClock,
    log,
  });
  undo.push(() => revoked.stop());
  const secrets = await loadSecrets(config);
  const redis = config.redis.url === null ? await embeddedRedis(config, log) : null;
  if (redis !== null) undo.push(() => redis.stop());
  const url = redis?.url ?? config.redis.url ?? "";
  const { kind } = parseRedisUrl(url);
  const { allowEverysec } = config.redis;
  const durable = { allowEverysec, kind, replicasMin: config.journal.replicasMin };
  const connect = onlyDurable(redisConnect(url), durable, (home) => tellHome(home, log));
  const { redisVersion, warnings } = await checkDurability(connect, durable);
  log.info({ redisVersion }, "the journal's Redis is durable");
  for (const warning of warnings) log.warn({}, warning);

  const store = await openDocuments(config);
  const documentCounters = createDocumentCounters();
  const metrics = new Metrics();
  const gatewayCounters = createGatewayCounters();
  const runtimeCounters = createRuntimeCounters();
  const custodian = await custodianOf(config, () => system, log);
  undo.push(() => custodian?.close());
  const bank = custodian === null ? {} : { custodian };
  const arrivals = new TurnClock(systemClock, systemScheduler);
  const gateway = createGateway({
    config: config.gateway,
    metrics: gatewayCounters,
    clock: arrivals,
    log,
    authenticator: authenticatorOf(config, secrets, revoked.revocations),
    httpExtra: { metrics: () => metrics.text(), ...bank },
    documents: { store, limits: config.transfers, counters: documentCounters },
  });
  const { shards, standby, dayOffsetMinutes } = config.deployment;
  const today = (): number => todayOf(config);
  const followsClock = config.deployment.businessDates === "clock";
  const folder = anchorFolderOf(config.deployment);
  const anchors = serverAnchors({ folder, macKey: secrets.macKey }, log);
  const ending = new AbortController();
  const givesUp = AbortSignal.any([stopping, ending.signal]);
  let tellLost: (reason: string) => void;
  const lost = new Promise<string>((resolve) => (tellLost = resolve));
  const system: System = new System({
    shards,
    openJournal: journalOpener(config, secrets, connect, anchors, log, givesUp),
    onLost: (reason) => {
      if (!standby) return;
      tellLost(reason);
      ending.abort();
    },
    codec: new RecordCodec(ACTOR_LAYOUTS, UPCASTERS),
    outlet: gateway.outlet,
    clock: systemClock,
    arrivals,
    scheduler: systemScheduler,
    limits: config.runtime,
    counters: runtimeCounters,
    log,
    today,
    followsClock,
    dayOffsetMinutes,
    onPayout: (change) => custodian?.changed(change),
  });
  let memory: MemoryWatch | null = null;
  readGateway(metrics, gatewayCounters);
  readRuntime(metrics, runtimeCounters);
  readRevocations(metrics, revoked);
  if (custodian !== null) readCustodian(metrics, custodian);
  readDocuments(metrics, { transfers: documentCounters, files: store.counters });
  readLive(metrics, {
    system,
    memory: () => memory?.use ?? { usedBytes: 0, maxBytes: 0 },
    redisRestarts: () => redis?.restarts ?? 0,
    anchors: anchors.counters,
  });
  gateway.attach(system);
  undo.push(() => gateway.close());
  // Whoever asks a server that stands by learns that it does.
  let port = standby ? await gateway.listen() : 0;
  undo.push(() => system.stop(config.gateway.drainMsMax));
  // Of a start that failed, what still waits for its turn is called off first.
  undo.push(() => ending.abort());
  await system.start();
  if (followsClock) {
    const dates = followClock(system, today, {
      scheduler: systemScheduler,
      log,
      stopping: givesUp,
    });
    undo.push(() => dates.end());
    await dates.caughtUp;
  }
  undo.push(() => custodian?.close());
  await store.clearLeftovers();
  undo.push(sweepDocuments(store, gateway, log));
  memory = await MemoryWatch.start({
    // In a Cluster each shard may be somewhere else.
    connects: Array.from({ length: kind === "cluster" ? shards : 1 }, (_, shard) =>
      connectTo(connect, shard),
    ),
    timers: systemTimers,
    pollMs: MEMORY_POLL_MS,
    onChange: (shedding) => {
      system.setShedding(shedding);
      const fields = { shedding };
      if (shedding) log.warn(fields, "Redis is nearly full: new work is refused while it is");
      else log.info(fields, "Redis has room again: new work is taken in");
    },
  });
  undo.push(() => memory?.close());
  undo.push(watchEventLoopLag(metrics.histogram("eventLoopLag")));
  if (!standby) port = await gateway.listen();
  return {
    port,
    redisPid: redis?.pid ?? null,
    lost,
    stop: (reason) => stop(gateway, reason, undoAll),
  };
}

function tellHome({ shard, peer, before, warnings }: JournalHome, log: RunLog): void {
  const facts = { shard, redis: peer };
  if (before === null) return log.info(facts, "the journal is in this Redis");
  log.warn({ ...facts, before, warnings }, "the journal is in another Redis now");
}

/** The business date by the clock, in days since 1970. */
function todayOf({ deployment }: Config): number {
  return Math.floor((Date.now() + deployment.dayOffsetMinutes * MINUTE_MS) / DAY_MS);
}

const MIB = 1_048_576;
const DOCUMENT_SWEEP_MS = 60_000;

async function openDocuments(config: Config): Promise<DocumentStore> {
  const { freeMibMin } = config.documents;
  return DocumentStore.open({
    folder: join(config.deployment.dataDir, "documents"),
    ring: new KeyRing(await loadDocumentKeys(config)),
    freeBytesMin: freeMibMin * MIB,
  });
}

function sweepDocuments(store: DocumentStore, gateway: Gateway, log: RunLog): () => void {
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

async function stop(gateway: Gateway, reason: string, undoAll: () => Promise<void>) {
  await gateway.drain(reason);
  await undoAll();
}

async function embeddedRedis(config: Config, log: RunLog): Promise<EmbeddedRedis> {
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
  });
}

/** Null where none is configured: then nobody withdraws, and deposits are an operator's. */
async function custodianOf(
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

function authenticatorOf(
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
function journalOpener(
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
        log.error({ shard, detail }, "Redis had lost what it acknowledged; it was written again");
        callbacks.onRewound(detail);
      },
    });
}
