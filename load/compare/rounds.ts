// The rounds of the comparison: in each, every peer once at every contest, in an order that moves
// on, so that a slow minute of the machine hits all alike. A peer that breaks, or whose books are
// wrong, is out from then on; the others go on.

import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ClientFleet } from "../bench/client-fleet.ts";
import { WrongState } from "../command/exit-codes.ts";
import type { Progress } from "../bench/progress.ts";
import type { Contest, Peer } from "../peers/peer.ts";
import { contestBids, type BidsPlan, type BidsRun } from "./bids-contest.ts";
import {
  contestRepayments,
  type RepaymentsPlan,
  type RepaymentsRun,
} from "./repayments-contest.ts";

export interface RoundsPlan {
  readonly peers: readonly Peer[];
  readonly contests: readonly Contest[];
  readonly rounds: number;
  readonly clients: number;
  readonly bids: BidsPlan;
  readonly repayments: RepaymentsPlan;
  readonly folder: string;
}

/** Everything that was measured; a round of a peer is whole or not there. */
export interface RoundsResult {
  readonly bids: {
    readonly peer: string;
    readonly round: number;
    readonly runs: readonly BidsRun[];
  }[];
  readonly repayments: {
    readonly peer: string;
    readonly round: number;
    readonly run: RepaymentsRun;
  }[];
  /** Peers that have no figure, and why. */
  readonly failed: {
    readonly peer: string;
    readonly reason: string;
    readonly wrongState: boolean;
  }[];
}

export function emptyResult(): RoundsResult {
  return { bids: [], repayments: [], failed: [] };
}

/** Fills `result` as it goes, so that an interrupted run can tell what it has. */
export async function runRounds(
  plan: RoundsPlan,
  result: RoundsResult,
  progress: Progress,
  interruption: AbortSignal,
): Promise<void> {
  const fleet = new ClientFleet(plan.clients);
  // Clients measure to the end of their time, whatever became of the
  // server; not when we are told to go.
  interruption.addEventListener("abort", () => fleet.stop(), { once: true });
  try {
    for (let round = 0; round < plan.rounds; round++) {
      for (const contest of plan.contests) {
        const peers = plan.peers.filter((peer) => peer.contests.includes(contest));
        for (const peer of rotated(peers, round)) {
          if (interruption.aborted) return;
          await runOne(peer, contest, round, plan, fleet, result, progress, interruption);
          progress.step();
        }
      }
    }
  } finally {
    fleet.stop();
  }
}

async function runOne(
  peer: Peer,
  contest: Contest,
  round: number,
  plan: RoundsPlan,
  fleet: ClientFleet,
  result: RoundsResult,
  progress: Progress,
  interruption: AbortSignal,
): Promise<void> {
  if (result.failed.some((failed) => failed.peer === peer.key)) return;
  const folder = join(plan.folder, `${round + 1}-${contest}-${peer.key}`);
  // PostgreSQL runs as a user of its own, who must get to its folder.
  mkdirSync(folder, { mode: 0o755 });
  chmodSync(folder, 0o755);
  const onStep = (text: string): void => {
    interruption.throwIfAborted();
    progress.show(`round ${round + 1}, ${contest}, ${peer.name}: ${text}`);
  };
  try {
    if (contest === "bids") {
      const runs = await contestBids(peer, plan.bids, fleet, folder, onStep);
      result.bids.push({ peer: peer.key, round, runs });
    } else {
      const run = await contestRepayments(peer, plan.repayments, folder, onStep);
      result.repayments.push({ peer: peer.key, round, run });
    }
  } catch (error) {
    if (interruption.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    const wrongState = error instanceof WrongState;
    result.failed.push({ peer: peer.key, reason, wrongState });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const from = by % Math.max(1, items.length);
  return [...items.slice(from), ...items.slice(0, from)];
}
