// One run from an empty world to its audit. It must never report figures of a run whose audit it
// has not made, and never leave a process or a folder behind.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditReport } from "../../src/history/report.ts";
import { recordsOf } from "../audit/client-records.ts";
import { auditJournal } from "../audit/journal-audit.ts";
import {
  auditOverProtocol,
  readWorld,
  type ProtocolAudit,
  type WorldState,
} from "../audit/protocol-audit.ts";
import { Identities, type Identity } from "../driver/identities.ts";
import type { Endpoint } from "../driver/raw-socket.ts";
import { RequestLog } from "../driver/request-log.ts";
import type { RequestPipe } from "../driver/request-pipe.ts";
import { temporaryFolder } from "../machine/left-behind.ts";
import { describeMachine, type Machine } from "../machine/machine.ts";
import { Observer, type Sample } from "../machine/observer.ts";
import { newSecret, ServerProcess } from "../machine/server-process.ts";
import type { Plan } from "../scenarios/plan.ts";
import { namesOf } from "../scenarios/world.ts";
import type { ClientJob, ClientResult } from "./client-job.ts";
import { happenings, type Happening } from "./happenings.ts";
import { Fleet } from "./fleet.ts";
import type { Screen } from "./screen.ts";
import { listHot, openOperator, openWorld, type Site } from "./set-up.ts";
import type { StopSignal } from "./stop-signal.ts";

/** A server that runs already, or one of our own. */
export type Target =
  | {
      readonly type: "own";
      readonly dataFolder: string;
      readonly shards: number;
      readonly cores: string | null;
      readonly environment: Readonly<Record<string, string>>;
      readonly keep: boolean;
    }
  | {
      readonly type: "running";
      readonly endpoint: Endpoint;
      readonly identity: Identity;
      readonly dataFolder: string;
    };

export interface RunOptions {
  readonly plan: Plan;
  readonly clients: number;
  readonly closedInFlight: number | null;
  readonly target: Target;
  readonly drainMs: number;
  /** Beyond it the journal is not replayed: the auditor holds all requests in memory. */
  readonly auditRequestsMax: number;
}

export interface Run {
  readonly plan: Plan;
  readonly clients: readonly ClientResult[];
  readonly closedInFlight: number | null;
  readonly intervalMs: number;
  readonly samples: readonly Sample[];
  readonly happenings: readonly Happening[];
  readonly machine: Machine;
  readonly journalAudit: AuditReport | null;
  /** Why there is none; empty when there is one. */
  readonly journalAuditMissing: string;
  readonly protocolAudit: ProtocolAudit;
  readonly wasStopped: boolean;
  /** Where the data was kept; null when it was not. */
  readonly keptIn: string | null;
}

const INTERVALS_MS = [250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
const INTERVALS_MAX = 240;
/** From "go" to the first planned moment. */
const LEAD_MS = 1_000;
const SAMPLE_MS = 1_000;

export async function runOnce(options: RunOptions, stop: StopSignal, screen: Screen): Promise<Run> {
  const { target } = options;
  const temporary = temporaryFolder(target.dataFolder, "loanloom-load-");
  const undo: (() => Promise<void>)[] = [];
  let keeps = false;
  try {
    const run = await inFolder(options, temporary.path, stop, screen, undo);
    keeps = target.type === "own" && target.keep;
    return { ...run, keptIn: keeps ? temporary.path : null };
  } finally {
    screen.end();
    for (const step of undo.reverse()) await step();
    if (keeps) temporary.keep();
    else temporary.remove();
  }
}

async function inFolder(
  options: RunOptions,
  folder: string,
  stop: StopSignal,
  screen: Screen,
  undo: (() => Promise<void>)[],
): Promise<Omit<Run, "keptIn">> {
  const { plan, target, closedInFlight } = options;
  const machine = describeMachine(folder);
  stop.throwIfStopped();
  screen.show("starting the server");
  const { server, endpoint, identity } = await serverOf(target, folder, plan);
  if (server !== null) undo.push(() => server.stop());
  try {
    const identities = new Identities(identity);
    // On a server that lives on, each run has names of its own, the probes of a search, too.
    const prefix = target.type === "own" ? "load" : `load-${Date.now().toString(36)}`;
    const site: Site = { endpoint, identities, names: namesOf(prefix, identities.names) };
    const operator = await openOperator(site);
    undo.push(async () => operator.close());
    stop.throwIfStopped();
    await openWorld(site, operator, plan, (what) => screen.show(what));
    stop.throwIfStopped();
    const intervalMs = intervalOf(plan.durationMs);
    const jobs = jobsOf(options, site, identity, prefix, folder, intervalMs);
    const fleet = new Fleet(jobs);
    undo.push(async () => fleet.end());
    screen.show(`connecting ${connectionsOf(plan)} clients`);
    await fleet.connected();
    stop.throwIfStopped();
    // A read of everybody takes its time: not between the start that is announced and "go".
    const before = await readWorld(operator, plan, site.names);
    const startsAtMs = Date.now() + LEAD_MS;
    const opensAtMs = plan.opensAtMs === null ? null : Math.round(startsAtMs + plan.opensAtMs);
    await listHot(operator, plan, site.names, opensAtMs);
    const measured = await measure(fleet, plan, endpoint, server, operator, startsAtMs, {
      stop,
      screen,
    });
    fleet.end();
    screen.show("auditing");
    const logs = jobs.map(({ logFile }) => RequestLog.decode(readFileSync(logFile)));
    const audits = await audited(options, site, server, operator, logs, measured.clients, before, {
      folder,
      screen,
    });
    const wasStopped = stop.isStopped;
    return { plan, closedInFlight, intervalMs, machine, ...measured, ...audits, wasStopped };
  } catch (error) {
    if (error instanceof Error && server?.hasEnded === true) {
      error.message += `\nthe server ended by itself:\n${server.logTail}`;
    }
    throw error;
  }
}

interface Watched {
  readonly stop: StopSignal;
  readonly screen: Screen;
}

async function measure(
  fleet: Fleet,
  plan: Plan,
  endpoint: Endpoint,
  server: ServerProcess | null,
  operator: RequestPipe,
  startsAtMs: number,
  { stop, screen }: Watched,
): Promise<Pick<Run, "clients" | "samples" | "happenings">> {
  const lastsMs = plan.warmUpMs + plan.durationMs;
  const observer = new Observer(
    {
      host: endpoint.host,
      port: endpoint.port,
      serverPid: server?.pid ?? null,
      redisPids: server?.redisPids ?? [],
      clientCpuMs: () => fleet.cpuMs,
    },
    startsAtMs - Date.now(),
  );
  observer.start(Math.max(SAMPLE_MS, intervalOf(plan.durationMs)));
  stop.onStop = () => fleet.stop();
  const happens = happenings(plan, operator, startsAtMs);
  const timer = setInterval(() => {
    const { sent, answered, refused, connections } = fleet.progress;
    const text =
      `${whole(sent)} sent, ${whole(sent - answered)} unanswered, ${whole(refused)} refused, ` +
      `${whole(connections)} connections${stop.isStopped ? "; stopping" : ""}`;
    screen.load(Date.now() - startsAtMs, lastsMs, text);
  }, 250);
  try {
    await fleet.run(startsAtMs, lastsMs);
    const happened = await happens.end();
    const clients = await fleet.results();
    return { clients, samples: observer.samples, happenings: happened };
  } finally {
    stop.onStop = () => undefined;
    clearInterval(timer);
    await observer.stop();
    screen.end();
  }
}

async function audited(
  { plan, target, auditRequestsMax }: RunOptions,
  { names }: Site,
  server: ServerProcess | null,
  operator: RequestPipe,
  logs: readonly RequestLog[],
  clients: readonly ClientResult[],
  before: WorldState,
  { folder, screen }: { folder: string; screen: Screen },
): Promise<Pick<Run, "journalAudit" | "journalAuditMissing" | "protocolAudit">> {
  const watches = clients.flatMap((client) => client.watches);
  const protocolAudit = await auditOverProtocol(operator, plan, names, logs, watches, before);
  const missing = (why: string) => ({
    journalAudit: null,
    journalAuditMissing: why,
    protocolAudit,
  });
  if (server === null || target.type !== "own") return missing("the server is not our own");
  const requests = logs.reduce((sum, log) => sum + log.count, 0);
  if (requests > auditRequestsMax) {
    return missing(`${requests} requests are more than --audit-max ${auditRequestsMax}`);
  }
  operator.close();
  await server.stop();
  const records = recordsOf(logs, names);
  const { shards } = target;
  const journalAudit = await auditJournal({
    folder,
    shards,
    records,
    onProgress: (entries) => screen.show(`auditing: ${whole(entries)} entries of the journal`),
  });
  return { journalAudit, journalAuditMissing: "", protocolAudit };
}

async function serverOf(
  target: Target,
  folder: string,
  plan: Plan,
): Promise<{ server: ServerProcess | null; endpoint: Endpoint; identity: Identity }> {
  if (target.type === "running") {
    return { server: null, endpoint: target.endpoint, identity: target.identity };
  }
  const secret = newSecret();
  const server = await ServerProcess.start({
    folder,
    jwtSecret: secret,
    environment: serverEnvironment(target, plan),
    ...(target.cores !== null && { cores: target.cores }),
  });
  return { server, endpoint: server.endpoint, identity: { secret } };
}

/** What our own server is given besides LIFTED_LIMITS; it stands in the report. */
export function serverEnvironment(
  target: Extract<Target, { type: "own" }>,
  plan: Plan,
): Readonly<Record<string, string>> {
  return {
    LOANLOOM_SHARDS: String(target.shards),
    // The auditor reads the journal from its first entry.
    LOANLOOM_JOURNAL_KEEP: "all",
    ...(plan.sizes.paidOutLoans > 0 && { LOANLOOM_BUSINESS_DATES: "operator" }),
    ...target.environment,
  };
}

function jobsOf(
  { plan, clients, closedInFlight, drainMs }: RunOptions,
  { endpoint }: Site,
  identity: Identity,
  prefix: string,
  folder: string,
  intervalMs: number,
): readonly ClientJob[] {
  const job = (role: ClientJob["role"], part: number): ClientJob => ({
    role,
    plan,
    part,
    parts: clients,
    endpoint,
    identity,
    prefix,
    closedInFlight,
    intervalMs,
    drainMs,
    logFile: join(folder, `${role}-${part}.log`),
  });
  const parts = Array.from({ length: clients }, (_, part) => part);
  const traffic = parts.map((part) => job("traffic", part));
  return plan.sizes.crowd === 0
    ? traffic
    : [...traffic, ...parts.map((part) => job("crowd", part))];
}

export function connectionsOf({ sizes }: Plan): number {
  return sizes.lenders + sizes.paidOutLoans + sizes.crowd;
}

function intervalOf(durationMs: number): number {
  return INTERVALS_MS.find((ms) => durationMs / ms <= INTERVALS_MAX) ?? INTERVALS_MS.at(-1)!;
}

function whole(value: number): string {
  return value.toLocaleString("en-US");
}
