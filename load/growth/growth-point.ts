// One point: a fresh server with its world, a closed loop of bids, and the CPU that each of them
// cost. As everywhere, a figure counts only if the books are what clients were told.

import type { ClientFleet } from "../bench/client-fleet.ts";
import { checkRaised, lenderNames, phaseBids, runPhase } from "../bench/phases.ts";
import type { Phase, PhaseRun, Shape, Timing } from "../bench/phases.ts";
import { WrongState } from "../command/exit-codes.ts";
import { BID_CENTS, Market } from "../driver/market.ts";
import { Tokens } from "../driver/tokens.ts";
import { cpuMsOf, sumOrNull } from "../machine/process-cpu.ts";
import { ServerProcess } from "../machine/server-process.ts";
import { DAY_MS } from "../../src/time/units.ts";
import type { Point } from "./growth-axes.ts";
import { placeBids } from "../driver/place-bids.ts";

export interface GrowthPlan extends Timing {
  readonly shape: Shape;
  readonly jwtSecret: string;
}

/** Lenders that place their standing bid at the same time. */
const BIDDERS = 64;
/** A million accounts with their entries do not fit into Node's default heap. */
const HEAP_MIB = 16_384;
/** Snapshots of what was set up are written in the background: they are no part of a bid's cost. */
const QUIET_SHARE = 0.05;
const QUIET_AFTER_MS = 1_000;
const QUIET_WITHIN_MS = 180_000;

const GROWTH_SETTINGS: Readonly<Record<string, string>> = {
  // No account leaves memory meanwhile.
  LOANLOOM_IDLE_MS: String(DAY_MS),
};

export async function measurePoint(
  point: Point,
  plan: GrowthPlan,
  fleet: ClientFleet,
  folder: string,
  onStep: (text: string) => void,
): Promise<PhaseRun> {
  const { accounts, loans, lenders, shards } = point.world;
  const { jwtSecret, shape } = plan;
  const phase: Phase = { key: "growth", target: "server", shape, loans };
  onStep("starting");
  const server = await ServerProcess.start({
    folder,
    jwtSecret,
    environment: { ...GROWTH_SETTINGS, LOANLOOM_SHARDS: String(shards) },
    nodeArguments: [`--max-old-space-size=${HEAP_MIB}`],
  });
  try {
    const tokens = new Tokens(jwtSecret);
    const market = await Market.open(server.endpoint, tokens);
    const names = lenderNames(accounts);
    const bidders = spread(names, Math.max(shape.sockets, lenders));
    const others = new Set(names);
    for (const name of bidders) others.delete(name);
    onStep("opening accounts");
    await market.openBorrower();
    await market.openAccounts(bidders);
    await market.openAccounts([...others], 0);
    const bids = phaseBids(phase);
    await market.listLoans(bids.map(({ loanId }) => loanId));
    onStep("placing standing bids");
    const standing = bidders.slice(0, lenders);
    await placeStanding(server, tokens, standing, bids[0]!.loanId);
    onStep("waiting for a quiet server");
    await untilQuiet(server);
    onStep("measuring");
    const sockets = spread(bidders, shape.sockets);
    const subprotocols = sockets.map((name) => tokens.subprotocols(name, "client"));
    const { run, result } = await runPhase(phase, server, fleet, subprotocols, plan);
    onStep("checking the books");
    const told = [...result.filledCentsByLoan];
    told[0]! += standing.length * BID_CENTS;
    await checkRaised(market, bids, told);
    const toldCents = told.reduce((sum, cents) => sum + cents, 0);
    const heldCents = await market.heldCents(bidders);
    if (heldCents !== toldCents) {
      throw new WrongState(`accounts hold ${heldCents}, their clients were told ${toldCents}`);
    }
    market.close();
    return run;
  } catch (error) {
    if (error instanceof Error) error.message += `\n${server.logTail}`;
    throw error;
  } finally {
    // Nothing of it is wanted any more: a million accounts would be a minute of snapshots.
    await server.kill();
    server.endRedis();
  }
}

/** So many of the names, evenly over all of them. */
export function spread(names: readonly string[], count: number): readonly string[] {
  const step = names.length / count;
  if (step < 1) throw new Error(`${count} of ${names.length} accounts`);
  return Array.from({ length: count }, (_, at) => names[Math.floor(at * step)]!);
}

async function placeStanding(
  server: ServerProcess,
  tokens: Tokens,
  lenders: readonly string[],
  loanId: string,
): Promise<void> {
  await placeBids({
    endpoint: server.endpoint,
    subprotocolsOf: (lender) => tokens.subprotocols(lender, "client"),
    lenders: lenders.map((lender) => [lender, [loanId]]),
    amountCents: BID_CENTS,
    lendersAtOnce: BIDDERS,
    inFlight: 1,
  });
}

/** Until server and Redis have used next to nothing for a second; at most some minutes. */
async function untilQuiet(server: ServerProcess): Promise<void> {
  const cpuMs = (): number | null => sumOrNull([server.pid, ...server.redisPids].map(cpuMsOf));
  const untilMs = performance.now() + QUIET_WITHIN_MS;
  let before = cpuMs();
  while (performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_AFTER_MS));
    const now = cpuMs();
    if (before === null || now === null || now - before < QUIET_AFTER_MS * QUIET_SHARE) return;
    before = now;
  }
}
