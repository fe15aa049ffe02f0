// How long until a killed or stopped server serves again: with a long tail of the journal to
// replay, and with a million accounts in snapshots. Time is taken from the start of the process.

import type { ClientFleet } from "./client-fleet.ts";
import { Market } from "../driver/market.ts";
import { checkRaised, lenderNames, phaseBids, runPhase, type Phase } from "./phases.ts";
import type { Progress } from "./progress.ts";
import { ServerProcess, type ServerOptions } from "../machine/server-process.ts";
import { Tokens } from "../driver/tokens.ts";

export interface RecoveryTimes {
  /** An empty folder: what Node, Redis and everything else take anyway. */
  readonly emptyServeMs: number;
  readonly tailEvents: number;
  /** Server killed, its Redis still there. */
  readonly tailServeMs: number;
  readonly snapshotAccounts: number;
  /** Server stopped, its Redis too: it loads its data before anything else can begin. */
  readonly snapshotColdServeMs: number;
  /** Server killed, its Redis still there. */
  readonly snapshotServeMs: number;
}

export interface RecoveryPlan {
  readonly tailEvents: number;
  readonly snapshotAccounts: number;
}

/** A bid is a hold placed, a bid placed and a bid confirmed. */
const EVENTS_PER_BID = 3;
/** No checkpoint may cover any of the tail before the kill. */
export const TAIL_SETTINGS: Readonly<Record<string, string>> = { LOANLOOM_CHECKPOINT_MS: "600000" };
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
  const tail = await measureTail(options, plan.tailEvents, fleet, progress);
  progress.step();
  const snapshots = await measureSnapshots(options, plan.snapshotAccounts, progress);
  progress.step();
  return { ...tail, ...snapshots };
}

async function measureTail(
  options: ServerOptions,
  tailEvents: number,
  fleet: ClientFleet,
  progress: Progress,
) {
  progress.show(`a tail of ${tailEvents} events`);
  const environment = { ...options.environment, ...TAIL_SETTINGS };
  const tailOptions = { ...options, environment, folder: `${options.folder}-tail` };
  const first = await ServerProcess.start(tailOptions);
  const bids = phaseBids(LOAD);
  const filledCents = bids.map(() => 0);
  let events = 0;
  let last = first;
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
    await first.kill();
    last = await ServerProcess.start(tailOptions);
    const again = await Market.open(last.endpoint, tokens);
    await checkRaised(again, bids, filledCents);
    again.close();
    return {
      emptyServeMs: first.readyAfterMs,
      tailEvents: events,
      tailServeMs: last.readyAfterMs,
    };
  } finally {
    await last.stop();
    await first.kill();
    first.endRedis();
  }
}

async function measureSnapshots(options: ServerOptions, accounts: number, progress: Progress) {
  progress.show(`${accounts} accounts in snapshots`);
  // A stop may take its time here: what is measured is the start from complete snapshots.
  const environment = { ...options.environment, LOANLOOM_DRAIN_MS_MAX: String(SNAPSHOT_STOP_MS) };
  const snapshotOptions = { ...options, environment, folder: `${options.folder}-snapshots` };
  let server = await ServerProcess.start(snapshotOptions);
  try {
    const market = await Market.open(server.endpoint, new Tokens(options.jwtSecret));
    const names = Array.from({ length: accounts }, (_, at) => `saver-${at}`);
    await market.openAccounts(names, 100_000);
    market.close();
    // Stopping writes what is not yet in snapshots.
    await server.stop(SNAPSHOT_STOP_MS);
    server = await ServerProcess.start(snapshotOptions);
    const snapshotColdServeMs = server.readyAfterMs;
    await server.kill();
    const redisOwner = server;
    server = await ServerProcess.start(snapshotOptions);
    const again = await Market.open(server.endpoint, new Tokens(options.jwtSecret));
    const heldCents = await again.heldCents([names[0]!, names[accounts - 1]!]);
    if (heldCents !== 0) throw new Error(`accounts without bids hold ${heldCents}`);
    again.close();
    redisOwner.endRedis();
    return {
      snapshotAccounts: accounts,
      snapshotColdServeMs,
      snapshotServeMs: server.readyAfterMs,
    };
  } finally {
    await server.stop();
    server.endRedis();
  }
}
