// The client processes as the benchmark sees them: started once, given one job after another,
// their results merged into one. It must never outlive its children, nor they it.

import { fork, type ChildProcess } from "node:child_process";
import { AssertionError } from "../../src/money/assert.ts";
import type { LaneResult } from "./bid-lanes.ts";
import type { ClientJob, FromClient, ToClient } from "./client-process.ts";
import { mergeLatencies, type Latencies } from "../driver/latency.ts";
import { cpuMsOf, sumOrNull } from "../machine/process-cpu.ts";

export interface FleetJob extends Omit<ClientJob, "firstBid"> {
  /** Called when all clients measure, and when the first of them stops. */
  readonly onMeasuring?: () => void;
  readonly onMeasured?: () => void;
}

export interface FleetResult {
  readonly filledCentsByLoan: readonly number[];
  readonly acknowledged: number;
  readonly refused: number;
  readonly refusedByError: Readonly<Record<number, number>>;
  /** Of the measured time. */
  readonly perSecond: number;
  readonly measuredAcknowledged: number;
  readonly measuredRefused: number;
  readonly latencies: Latencies;
  readonly clientCpuMs: number | null;
}

const CONNECT_TIMEOUT_MS = 60_000;
const DRAIN_TIMEOUT_MS = 30_000;

export class ClientFleet {
  readonly #children: readonly ChildProcess[];

  constructor(processes: number) {
    const program = new URL("./client-process.js", import.meta.url);
    this.#children = Array.from({ length: processes }, () => fork(program));
  }

  async run(job: FleetJob): Promise<FleetResult> {
    const { onMeasuring, onMeasured, ...shared } = job;
    const runs = this.#children.map((child, at) => {
      const subprotocolsBySocket = shared.subprotocolsBySocket.filter(
        (_, socket) => socket % this.#children.length === at,
      );
      const firstBid = Math.floor((at * shared.bids.length) / this.#children.length);
      return new ClientRun(child, { ...shared, subprotocolsBySocket, firstBid });
    });
    try {
      await Promise.all(runs.map((run) => run.next("ready", CONNECT_TIMEOUT_MS)));
      for (const run of runs) run.go();
      const warmUpTimeoutMs = job.warmUpMs + CONNECT_TIMEOUT_MS;
      await Promise.all(runs.map((run) => run.next("measuring", warmUpTimeoutMs)));
      const cpuBefore = this.#cpuMs();
      onMeasuring?.();
      const measured = runs.map((run) => run.next("measured", job.measuredMs + CONNECT_TIMEOUT_MS));
      const allMeasured = Promise.all(measured);
      await Promise.race([allMeasured, ...measured]);
      const cpuAfter = this.#cpuMs();
      onMeasured?.();
      await allMeasured;
      const drainMs = DRAIN_TIMEOUT_MS + (job.drainMs ?? 0);
      const done = await Promise.all(runs.map((run) => run.next("done", drainMs)));
      const results = done.map((message) => message.result);
      const clientCpuMs = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore;
      return { ...mergeResults(results, job.bids.length), clientCpuMs };
    } finally {
      for (const run of runs) run.release();
    }
  }

  stop(): void {
    for (const child of this.#children) {
      if (child.connected) child.disconnect();
    }
  }

  #cpuMs(): number | null {
    return sumOrNull(this.#children.map((child) => (child.pid ? cpuMsOf(child.pid) : null)));
  }
}

type MessageOf<T extends FromClient["type"]> = Extract<FromClient, { type: T }>;

/** One job on one child: its messages in the order in which they are waited for. */
class ClientRun {
  readonly #child: ChildProcess;
  readonly #come: FromClient[] = [];
  #wake: (() => void) | undefined;
  readonly #onMessage = (message: FromClient): void => {
    this.#come.push(message);
    this.#wake?.();
  };
  readonly #onExit = (code: number | null, signal: string | null): void => {
    this.#onMessage({ type: "failed", reason: `a client process ended: ${code ?? signal}` });
  };

  constructor(child: ChildProcess, job: ClientJob) {
    this.#child = child;
    child.on("message", this.#onMessage);
    child.once("exit", this.#onExit);
    this.#tell({ type: "job", job });
  }

  go(): void {
    this.#tell({ type: "go" });
  }

  release(): void {
    this.#child.off("message", this.#onMessage);
    this.#child.off("exit", this.#onExit);
  }

  async next<T extends FromClient["type"]>(type: T, timeoutMs: number): Promise<MessageOf<T>> {
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      const message = this.#come.shift();
      if (message?.type === "failed") throw new Error(message.reason);
      if (message?.type === type) return message as MessageOf<T>;
      if (message !== undefined) throw new AssertionError(`${message.type} before ${type}`);
      const restMs = untilMs - performance.now();
      if (restMs <= 0) throw new Error(`a client process was not ${type} in ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, restMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #tell(message: ToClient): void {
    this.#child.send(message);
  }
}

function mergeResults(
  results: readonly LaneResult[],
  loans: number,
): Omit<FleetResult, "clientCpuMs"> {
  const filledCentsByLoan = new Array<number>(loans).fill(0);
  const refusedByError: Record<number, number> = {};
  let acknowledged = 0;
  let refused = 0;
  let perSecond = 0;
  let measuredAcknowledged = 0;
  let measuredRefused = 0;
  for (const result of results) {
    for (let at = 0; at < loans; at++) filledCentsByLoan[at]! += result.filledCentsByLoan[at]!;
    for (const [error, count] of Object.entries(result.refusedByError)) {
      refusedByError[Number(error)] = (refusedByError[Number(error)] ?? 0) + count;
      refused += count;
    }
    acknowledged += result.acknowledged;
    measuredAcknowledged += result.measuredAcknowledged;
    measuredRefused += result.measuredRefused;
    perSecond += (result.measuredAcknowledged * 1000) / result.measuredMs;
  }
  return {
    filledCentsByLoan,
    refusedByError,
    acknowledged,
    refused,
    perSecond,
    measuredAcknowledged,
    measuredRefused,
    latencies: mergeLatencies(results.map((result) => result.latencies)),
  };
}
