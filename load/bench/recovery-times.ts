// How long until a killed or stopped server serves again: with a long tail of the journal to
// replay, and with a million accounts in snapshots. Time is taken from the start of
// the process. What a kill -9 leaves is started from several times, on the same
// data: one start alone says little.

import { WrongState } from "../command/exit-codes.ts";
import { Market } from "../driver/market.ts";
import { Tokens } from "../driver/tokens.ts";
import { ServerProcess, type ServerOptions } from "../machine/server-process.ts";
import type { ClientFleet } from "./client-fleet.ts";
import { checkRaised, lenderNames, phaseBids, runPhase, type Phase } from "./phases.ts";
import type { Progress } from "./progress.ts";
import { median } from "./median.ts";

export interface RecoveryTimes {
  /** An empty folder: what Node, Redis and everything else take anyway. Measured once. */
  readonly emptyServeMs: number;
  readonly tailEvents: number;
  /** Server killed, its Redis still there. Median of so many starts, each after a kill -9. */
  readonly tailServeMs: number;
  readonly tailServeMsLowest: number;
  readonly tailServeMsHighest: number;
  readonly snapshotAccounts: number;
  /** Server stopped, its Redis too: it loads its data before anything else can begin. Once. */
  readonly snapshotColdServeMs: number;
  /** Server killed, its Redis still there. Median of so many starts, each after a kill -9. */
  readonly snapshotServeMs: number;
  readonly snapshotServeMsLowest: number;
  readonly snapshotServeMsHighest: number;
  readonly startsAfterKill: number;
}

export interface RecoveryPlan {
  readonly tailEvents: number;
  readonly snapshotAccounts: number;
  /** Starts after a kill -9, of each kind. */
  readonly starts: number;
}

/** A bid is a hold placed, a bid placed and a bid confirmed. */
const EVENTS_PER_BID = 3;
/** No checkpoint may cover any of the tail; and what a start has replayed is in the log. */
export const TAIL_SETTINGS: Readonly<Record<string, string>> = {
  LOANLOOM_CHECKPOINT_MS: "600000",
  LOANLOOM_TAIL_BYTES_MAX: "1073741824",
  LOANLOOM_LOG_LEVEL: "info",
};
const SNAPSHOT_STOP_MS = 120_000;
const LOAD: Phase = {
  key: "tail",
  target: "server",
  shape: { sockets: 64, inFlight: 16 },
  loans: 1,
};

export async function measureRecovery(
  options: ServerOptions,
  plan: RecoveryPlan,
  fleet: ClientFleet,
  progress: Progress,
): Promise<RecoveryTimes> {
  const tail = await measureTail(options, plan, fleet, progress);
  progress.step();
  const snapshots = await measureSnapshots(options, plan, progress);
  progress.step();
  return { ...tail, ...snapshots, startsAfterKill: plan.starts };
}

async function measureTail(
  options: ServerOptions,
  { tailEvents, starts }: RecoveryPlan,
  fleet: ClientFleet,
  progress: Progress,
) {
  progress.show(`a tail of ${tailEvents} events`);
  const environment = { ...options.environment, ...TAIL_SETTINGS };
  const tailOptions = { ...options, environment, folder: `${options.folder}-tail` };
  const first = await ServerProcess.start(tailOptions);
  const running = { server: first };
  const bids = phaseBids(LOAD);
  const filledCents = bids.map(() => 0);
  let events = 0;
  try {
    const tokens = new Tokens(options.jwtSecret);
    const market = await Market.open(first.endpoint, tokens);
    const lenders = lenderNames(LOAD.shape.sockets);
    await market.openBorrower();
    await market.openAccounts(lenders);
    await market.listLoans(bids.map((bid) => bid.loanId));
    const subprotocols = lenders.map((lender) => tokens.subprotocols(lender, "client"));
    while (events < tailEvents) {
      const timing = { warmUpMs: 0, measuredMs: 250 };
      const { result } = await runPhase(LOAD, first, fleet, subprotocols, timing);
      events += result.acknowledged * EVENTS_PER_BID;
      result.filledCentsByLoan.forEach((cents, at) => (filledCents[at]! += cents));
    }
    const tookMs = await startAgain(running, tailOptions, starts, progress, async (server) => {
      const replayed = eventsReplayed(server.log);
      if (replayed < events) {
        throw new WrongState(`a start has replayed ${replayed} events, the tail has ${events}`);
      }
      const again = await Market.open(server.endpoint, tokens);
      await checkRaised(again, bids, filledCents);
      again.close();
    });
    return {
      emptyServeMs: first.readyAfterMs,
      tailEvents: events,
      tailServeMs: median(tookMs),
      tailServeMsLowest: Math.min(...tookMs),
      tailServeMsHighest: Math.max(...tookMs),
    };
  } finally {
    await running.server.stop();
    first.endRedis();
  }
}

async function measureSnapshots(
  options: ServerOptions,
  { snapshotAccounts: accounts, starts }: RecoveryPlan,
  progress: Progress,
) {
  progress.show(`${accounts} accounts in snapshots`);
  // A stop may take its time here: what is measured is the start from complete snapshots.
  const environment = { ...options.environment, LOANLOOM_DRAIN_MS_MAX: String(SNAPSHOT_STOP_MS) };
  const snapshotOptions = { ...options, environment, folder: `${options.folder}-snapshots` };
  const running = { server: await ServerProcess.start(snapshotOptions) };
  let redisOwner = running.server;
  try {
    const tokens = new Tokens(options.jwtSecret);
    const market = await Market.open(running.server.endpoint, tokens);
    const names = Array.from({ length: accounts }, (_, at) => `saver-${at}`);
    await market.openAccounts(names, 100_000);
    market.close();
    // Stopping writes what is not yet in snapshots.
    await running.server.stop(SNAPSHOT_STOP_MS);
    running.server = redisOwner = await ServerProcess.start(snapshotOptions);
    const snapshotColdServeMs = running.server.readyAfterMs;
    const tookMs = await startAgain(running, snapshotOptions, starts, progress, async (server) => {
      const again = await Market.open(server.endpoint, tokens);
      const heldCents = await again.heldCents([names[0]!, names[accounts - 1]!]);
      if (heldCents !== 0) throw new WrongState(`accounts without bids hold ${heldCents}`);
      again.close();
    });
    return {
      snapshotAccounts: accounts,
      snapshotColdServeMs,
      snapshotServeMs: median(tookMs),
      snapshotServeMsLowest: Math.min(...tookMs),
      snapshotServeMsHighest: Math.max(...tookMs),
    };
  } finally {
    await running.server.stop();
    redisOwner.endRedis();
  }
}

/**
 * Kills the server and starts it on what it left, so many times. Returns how long each start took.
 */
async function startAgain(
  running: { server: ServerProcess },
  options: ServerOptions,
  starts: number,
  progress: Progress,
  check: (server: ServerProcess) => Promise<void>,
): Promise<readonly number[]> {
  const tookMs: number[] = [];
  for (let start = 1; start <= starts; start++) {
    progress.show(`start ${start} of ${starts} after kill -9`);
    await running.server.kill();
    running.server = await ServerProcess.start(options);
    tookMs.push(running.server.readyAfterMs);
    await check(running.server);
  }
  return tookMs;
}

/** Of the last start, by the log. */
function eventsReplayed(log: string): number {
  const told = [...log.matchAll(/"events":(\d+)[^\n]*"shard serves"/g)].at(-1)?.[1];
  return Number(told ?? 0);
}
