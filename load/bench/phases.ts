// What is measured: the shapes of the load, and one phase of it from set-up to the check of the
// final state. A phase whose books do not match what the clients were
// told is an error, not a figure.

import { WrongState } from "../command/exit-codes.ts";
import type { Bid } from "../driver/bid-frames.ts";
import type { ClientFleet, FleetResult } from "./client-fleet.ts";
import type { Latencies } from "../driver/latency.ts";
import { BID_CENTS, type Market } from "../driver/market.ts";
import { cpuMsOf, machineCpu, sumOrNull, type MachineCpu } from "../machine/process-cpu.ts";
import type { Endpoint } from "../driver/raw-socket.ts";

export interface Shape {
  readonly sockets: number;
  readonly inFlight: number;
}

export interface Phase {
  /** Key in the JSON report. */
  readonly key: string;
  readonly target: "echo" | "server";
  readonly shape: Shape;
  readonly loans: number;
}

const WIDE: Shape = { sockets: 64, inFlight: 16 };
const SINGLE: Shape = { sockets: 64, inFlight: 1 };
const ALONE: Shape = { sockets: 1, inFlight: 1 };
const CROWD: Shape = { sockets: 1024, inFlight: 1 };
const MANY_LOANS = 1_000;

/** Each hot phase stands beside the echo of the same shape, so that both see the same weather. */
export const PHASES: readonly Phase[] = [
  { key: "echo", target: "echo", shape: WIDE, loans: 1 },
  { key: "hot", target: "server", shape: WIDE, loans: 1 },
  { key: "many", target: "server", shape: WIDE, loans: MANY_LOANS },
  { key: "echo64", target: "echo", shape: SINGLE, loans: 1 },
  { key: "hot64", target: "server", shape: SINGLE, loans: 1 },
  { key: "echo1", target: "echo", shape: ALONE, loans: 1 },
  { key: "hot1", target: "server", shape: ALONE, loans: 1 },
  { key: "echo1024", target: "echo", shape: CROWD, loans: 1 },
  { key: "hot1024", target: "server", shape: CROWD, loans: 1 },
  { key: "many1024", target: "server", shape: CROWD, loans: MANY_LOANS },
];

export function shapeText({ sockets, inFlight }: Shape): string {
  return `${sockets} x ${inFlight}`;
}

export interface PhaseRun {
  readonly key: string;
  readonly perSecond: number;
  readonly latencies: Latencies;
  /** Of all requests of the run, warm-up included. */
  readonly refusedShare: number;
  readonly refusedByError: Readonly<Record<number, number>>;
  /** Microseconds for each acknowledged message; null where the system does not tell. */
  readonly serverCpuUs: number | null;
  readonly redisCpuUs: number | null;
  readonly clientCpuUs: number | null;
  /** All that the machine did meanwhile, the kernel's network work and other programs included. */
  readonly machineCpuUs: number | null;
  readonly busyShare: number | null;
  /** Share of the machine's time that the hypervisor gave to others. */
  readonly stolenShare: number | null;
}

export interface Timing {
  readonly warmUpMs: number;
  readonly measuredMs: number;
  /** Longer than usual, for servers that answer a thousand bids in half a minute. */
  readonly drainMs?: number;
}

export interface Target {
  readonly endpoint: Endpoint;
  readonly pid: number;
  readonly redisPids: readonly number[];
}

/** The accounts of a round: the first n of them are the n sockets of a phase. */
export function lenderNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `lender-${String(at).padStart(5, "0")}`);
}

/** Loans of a phase; their names are of one length, so that all frames are. */
export function phaseBids(phase: Phase): readonly Bid[] {
  return Array.from({ length: phase.loans }, (_, at) => ({
    loanId: `${phase.key}-${String(at).padStart(4, "0")}`,
    amountCents: BID_CENTS,
  }));
}

/** Runs the load of a phase and accounts for the processes while it is measured. */
export async function runPhase(
  phase: Phase,
  target: Target,
  fleet: ClientFleet,
  subprotocolsBySocket: readonly (readonly string[])[],
  timing: Timing,
): Promise<{ run: PhaseRun; result: FleetResult; bids: readonly Bid[] }> {
  const bids = phaseBids(phase);
  const account = () => ({
    server: cpuMsOf(target.pid),
    redis: sumOrNull(target.redisPids.map(cpuMsOf)),
    machine: machineCpu(),
  });
  let before = account();
  let after = before;
  const result = await fleet.run({
    endpoint: target.endpoint,
    subprotocolsBySocket,
    inFlight: phase.shape.inFlight,
    bids,
    ...timing,
    onMeasuring: () => (before = account()),
    onMeasured: () => (after = account()),
  });
  const messages = result.measuredAcknowledged;
  const perMessageUs = (fromMs: number | null, toMs: number | null): number | null =>
    fromMs === null || toMs === null || messages === 0 ? null : ((toMs - fromMs) * 1000) / messages;
  const whole = machineBetween(before.machine, after.machine);
  const run: PhaseRun = {
    key: phase.key,
    perSecond: result.perSecond,
    latencies: result.latencies,
    refusedShare: result.refused / Math.max(1, result.refused + result.acknowledged),
    refusedByError: result.refusedByError,
    serverCpuUs: perMessageUs(before.server, after.server),
    redisCpuUs: target.redisPids.length === 0 ? null : perMessageUs(before.redis, after.redis),
    clientCpuUs: perMessageUs(0, result.clientCpuMs),
    machineCpuUs: perMessageUs(0, whole?.busyMs ?? null),
    busyShare: whole === null ? null : whole.busyMs / whole.totalMs,
    stolenShare: whole === null ? null : whole.stolenMs / whole.totalMs,
  };
  return { run, result, bids };
}

function machineBetween(from: MachineCpu | null, to: MachineCpu | null): MachineCpu | null {
  if (from === null || to === null || to.totalMs === from.totalMs) return null;
  return {
    totalMs: to.totalMs - from.totalMs,
    busyMs: to.busyMs - from.busyMs,
    stolenMs: to.stolenMs - from.stolenMs,
  };
}

/** What the server shows must be what it had told the clients, to the cent and for each loan. */
export async function checkRaised(
  market: Market,
  bids: readonly Bid[],
  filledCentsByLoan: readonly number[],
): Promise<void> {
  const raised = await market.raisedCents(bids);
  for (const [at, bid] of bids.entries()) {
    if (raised[at] === filledCentsByLoan[at]) continue;
    throw new WrongState(
      `loan ${bid.loanId} has raised ${raised[at]}, its clients were told ${filledCentsByLoan[at]}`,
    );
  }
}
