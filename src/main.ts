// The composition root: the only place where the rooms are put together. It holds no rule of its
// own, and nothing but the command line imports it.

import { ACTOR_LAYOUTS } from "../actors/kinds.ts";
import { UPCASTERS } from "../actors/upcasters.ts";
import type { Config } from "./config.ts";
import { anchorFolderOf, cannotListen, revocationsFileOf } from "./config/folders.ts";
import { loadDocumentKeys, loadSecrets } from "./config/secrets.ts";
import { createGatewayCounters } from "./gateway/counters.ts";
import { createDocumentCounters } from "./gateway/documents/counters.ts";
import { openFilesMax, socketsMaxOf } from "./gateway/descriptors.ts";
import { createGateway, type Gateway } from "./gateway/gateway.ts";
import { probePort } from "./gateway/port-probe.ts";
import { systemTimers } from "./journal/clock.ts";
import { connectTo, redisConnect } from "./journal/connection.ts";
import { checkDurability, onlyDurable, type JournalHome } from "./journal/durability.ts";
import { MemoryWatch } from "./journal/memory-watch.ts";
import { RecordCodec } from "./journal/records.ts";
import { parseRedisUrl } from "./journal/redis-url.ts";
import { readCustodian } from "./ops/custodian-source.ts";
import { watchEventLoopLag } from "./ops/event-loop-lag.ts";
import { readLive } from "./ops/live-source.ts";
import { Metrics } from "./ops/metrics.ts";
import { readRevocations } from "./ops/revocation-source.ts";
import { readDocuments, readGateway, readRuntime } from "./ops/sources.ts";
import { RevocationFollower } from "./revocations/follower.ts";
import { serverAnchors } from "./runtime/anchors.ts";
import { followClock } from "./runtime/clock-dates.ts";
import { createRuntimeCounters } from "./runtime/counters.ts";
import { systemClock, systemScheduler, TurnClock } from "./runtime/environment.ts";
import type { RunLog } from "./runtime/run-options.ts";
import { System } from "./runtime/system.ts";
import {
  todayOf,
  filesOf,
  openDocuments,
  sweepDocuments,
  embeddedRedis,
  custodianOf,
  authenticatorOf,
  journalOpener,
} from "./main/parts.ts";

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

/**
 * Starts everything and resolves when it serves. Rejects, with everything stopped again, with the
 * typed error of whatever could not be started: ConfigError, RevocationFileError, JournalError,
 * EmbeddedRedisError. On `stopping` it no longer waits for another server
 * to go (JournalError `closed`).
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
  // Before anything is written with them: beside what is there already a
  // missing one is never made anew.
  const secrets = await loadSecrets(config);
  const documentKeys = await loadDocumentKeys(config);
  const fault = await probePort(config.gateway.host, config.gateway.port);
  if (fault !== null) throw cannotListen(config.gateway, fault);
  const revoked = await RevocationFollower.start({
    path: revocationsFileOf(config),
    settings: config.auth,
    clock: systemClock,
    log,
  });
  undo.push(() => revoked.stop());
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

  const today = (): number => todayOf(config);
  const followsClock = config.deployment.businessDates === "clock";
  const store = await openDocuments(config, documentKeys);
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
    socketsMax: socketsMaxOf(openFilesMax(), filesOf(config)),
    httpExtra: { metrics: () => metrics.text(), ...bank },
    documents: { store, limits: config.transfers, counters: documentCounters },
    ...(followsClock && { today }),
  });
  const { shards, standby, dayOffsetMinutes } = config.deployment;
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
  let port = standby ? await listen(gateway, config) : 0;
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
  if (!standby) port = await listen(gateway, config);
  return {
    port,
    redisPid: redis?.pid ?? null,
    lost,
    stop: (reason) => stop(gateway, reason, undoAll),
  };
}

/** Since the probe another one may have taken the port. */
function listen(gateway: Gateway, config: Config): Promise<number> {
  return gateway.listen().catch((error: Error) => {
    throw cannotListen(config.gateway, { what: "port", detail: error.message });
  });
}

function tellHome({ shard, peer, before, warnings }: JournalHome, log: RunLog): void {
  const facts = { shard, redis: peer };
  if (before === null) return log.info(facts, "the journal is in this Redis");
  log.warn({ ...facts, before, warnings }, "the journal is in another Redis now");
}

async function stop(gateway: Gateway, reason: string, undoAll: () => Promise<void>) {
  await gateway.drain(reason);
  await undoAll();
}
