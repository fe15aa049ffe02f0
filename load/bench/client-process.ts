// One client process of the benchmark. The parent gives it a job over IPC, tells it when to go,
// and gets the result; nothing passes between them while the load runs but two short notices.

import type { Bid } from "../driver/bid-frames.ts";
import { LaneGroup, closeLanes, openLanes, type LaneResult } from "./bid-lanes.ts";
import type { Endpoint } from "../driver/raw-socket.ts";

export interface ClientJob {
  readonly endpoint: Endpoint;
  readonly subprotocolsBySocket: readonly (readonly string[])[];
  readonly inFlight: number;
  /** Lanes take the bids in turn, each from another one on. */
  readonly bids: readonly Bid[];
  readonly firstBid: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
  /** Until every bid in flight must be answered at the end. */
  readonly drainMs?: number;
}

export type ToClient = { readonly type: "job"; readonly job: ClientJob } | { readonly type: "go" };

export type FromClient =
  | { readonly type: "ready" }
  | { readonly type: "measuring" }
  | { readonly type: "measured" }
  | { readonly type: "done"; readonly result: LaneResult }
  | { readonly type: "failed"; readonly reason: string };

const DRAIN_TIMEOUT_MS = 15_000;

async function runJob(job: ClientJob): Promise<void> {
  const group = new LaneGroup(job.bids);
  const { endpoint, subprotocolsBySocket, inFlight, firstBid } = job;
  await openLanes(group, endpoint, subprotocolsBySocket, inFlight, firstBid);
  const go = nextGo();
  tell({ type: "ready" });
  await go;
  group.start();
  await pause(job.warmUpMs);
  tell({ type: "measuring" });
  if (group.stage === "warmingUp") group.startMeasuring();
  await pause(job.measuredMs);
  if (group.stage === "measuring") group.stopMeasuring();
  tell({ type: "measured" });
  await group.settled(job.drainMs ?? DRAIN_TIMEOUT_MS);
  closeLanes(group);
  tell({ type: "done", result: group.result() });
}

let going: (() => void) | undefined;

function nextGo(): Promise<void> {
  return new Promise((resolve) => (going = resolve));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function tell(message: FromClient): void {
  process.send?.(message);
}

process.on("message", (message: ToClient) => {
  if (message.type === "go") {
    going?.();
    return;
  }
  runJob(message.job).catch((error: unknown) => {
    tell({ type: "failed", reason: error instanceof Error ? error.message : String(error) });
  });
});
process.once("disconnect", () => process.exit(0));
