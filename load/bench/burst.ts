// The benchmark's rounds: in each, a fresh server with a fresh Redis, and every phase once, in an
// order that rotates. What is compared is interleaved, so that a slow minute hits all alike.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { SUBPROTOCOLS } from "../../src/protocol/connection.ts";
import { ClientFleet } from "./client-fleet.ts";
import { WrongState } from "../command/exit-codes.ts";
import { Market } from "../driver/market.ts";
import {
  checkRaised,
  lenderNames,
  phaseBids,
  runPhase,
  type Phase,
  type PhaseRun,
  type Target,
  type Timing,
} from "./phases.ts";
import type { Progress } from "./progress.ts";
import { ServerProcess } from "../machine/server-process.ts";
import { Tokens } from "../driver/tokens.ts";

export interface BurstPlan extends Timing {
  readonly phases: readonly Phase[];
  readonly rounds: number;
  readonly clients: number;
  readonly folder: string;
  readonly jwtSecret: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeArguments: readonly string[];
}

/** Runs all rounds. Throws when a process fails or the final state is wrong. */
export async function runBurst(plan: BurstPlan, progress: Progress): Promise<readonly PhaseRun[]> {
  const runs: PhaseRun[] = [];
  const echo = await startEcho();
  const fleet = new ClientFleet(plan.clients);
  try {
    for (let round = 0; round < plan.rounds; round++) {
      runs.push(...(await runRound(plan, round, echo.target, fleet, progress)));
    }
  } finally {
    fleet.stop();
    echo.stop();
  }
  return runs;
}

async function runRound(
  plan: BurstPlan,
  round: number,
  echo: Target,
  fleet: ClientFleet,
  progress: Progress,
): Promise<readonly PhaseRun[]> {
  const phases = rotated(plan.phases, round);
  const served = phases.filter((phase) => phase.target === "server");
  if (served.length === 0) return runPhases(phases, plan, echo, undefined, fleet, progress);
  const folder = join(plan.folder, `round-${round + 1}`);
  const { jwtSecret, environment, nodeArguments } = plan;
  progress.show(`round ${round + 1}: starting the server`);
  const server = await ServerProcess.start({ folder, jwtSecret, environment, nodeArguments });
  try {
    const tokens = new Tokens(jwtSecret);
    const market = await Market.open(server.endpoint, tokens);
    const lenders = lenderNames(Math.max(...served.map((phase) => phase.shape.sockets)));
    await market.openBorrower();
    await market.openAccounts(lenders);
    await market.listLoans(served.flatMap((phase) => phaseBids(phase).map((bid) => bid.loanId)));
    const runs = await runPhases(
      phases,
      plan,
      echo,
      { server, market, tokens, lenders },
      fleet,
      progress,
    );
    market.close();
    return runs;
  } catch (error) {
    if (error instanceof Error) error.message += `\n${server.logTail}`;
    throw error;
  } finally {
    progress.show(`round ${round + 1}: stopping the server`);
    await server.stop();
  }
}

interface Served {
  readonly server: ServerProcess;
  readonly market: Market;
  readonly tokens: Tokens;
  readonly lenders: readonly string[];
}

async function runPhases(
  phases: readonly Phase[],
  plan: BurstPlan,
  echo: Target,
  served: Served | undefined,
  fleet: ClientFleet,
  progress: Progress,
): Promise<readonly PhaseRun[]> {
  const runs: PhaseRun[] = [];
  let toldCents = 0;
  for (const phase of phases) {
    progress.show(`${phase.key}, ${phase.shape.sockets} x ${phase.shape.inFlight}`);
    const { sockets } = phase.shape;
    if (phase.target === "echo" || served === undefined) {
      const subprotocols = Array.from({ length: sockets }, () => [SUBPROTOCOLS.msgpack]);
      runs.push((await runPhase(phase, echo, fleet, subprotocols, plan)).run);
    } else {
      const { server, market, tokens, lenders } = served;
      const subprotocols = lenders
        .slice(0, sockets)
        .map((lender) => tokens.subprotocols(lender, "client"));
      const { run, result, bids } = await runPhase(phase, server, fleet, subprotocols, plan);
      await checkRaised(market, bids, result.filledCentsByLoan);
      for (const cents of result.filledCentsByLoan) toldCents += cents;
      runs.push(run);
    }
    progress.step();
  }
  if (served !== undefined) {
    const heldCents = await served.market.heldCents(served.lenders);
    if (heldCents !== toldCents) {
      throw new WrongState(`accounts hold ${heldCents}, their clients were told ${toldCents}`);
    }
  }
  return runs;
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  // An odd stride, so that a phase is not always behind the same other one.
  const from = (by * 3) % Math.max(1, items.length);
  return [...items.slice(from), ...items.slice(0, from)];
}

async function startEcho(): Promise<{ target: Target; stop: () => void }> {
  const child: ChildProcess = fork(new URL("./echo-server.js", import.meta.url));
  const [message] = (await once(child, "message")) as [{ port: number }];
  const endpoint = { host: "127.0.0.1", port: message.port, path: "/" };
  return {
    target: { endpoint, pid: child.pid!, redisPids: [] },
    stop: () => child.disconnect(),
  };
}
