// A client process whose connections are a burden and nothing else. It is apart from those that are
// measured, so that ten thousand handshakes make nobody late but the server.

import { Identities } from "../driver/identities.ts";
import { RequestLog } from "../driver/request-log.ts";
import { namesOf } from "../scenarios/world.ts";
import {
  NO_WATCHES,
  type ClientJob,
  type ClientProgress,
  type ClientResult,
} from "./client-job.ts";
import { Crowd } from "./crowd.ts";
import { figuresOf } from "./tallies.ts";
import { CpuMeter, pause, type Worker } from "./worker.ts";

export class CrowdClient implements Worker {
  readonly #job: ClientJob;
  readonly #crowd: Crowd;
  readonly #cpu = new CpuMeter();
  readonly #violations: string[] = [];
  #onOver: () => void = () => undefined;
  #untilMs = 0;

  constructor(job: ClientJob) {
    this.#job = job;
    const { plan, part, parts } = job;
    const identities = new Identities(job.identity);
    const { crowd } = namesOf(job.prefix, identities.names);
    const own = Array.from({ length: plan.sizes.crowd }, (_, at) => at).filter(
      (at) => at % parts === part,
    );
    this.#crowd = new Crowd(job.endpoint, identities, own.map(crowd), plan.seed + part);
  }

  get progress(): ClientProgress {
    return { sent: 0, answered: 0, refused: 0, connections: this.#crowd.open };
  }

  /** Those of a storm are there before it. */
  async connect(): Promise<void> {
    if (this.#job.plan.segments.some(({ event }) => event === "storm")) await this.#crowd.connect();
  }

  async run(startsAtMs: number): Promise<void> {
    const { plan } = this.#job;
    const startedAt = startsAtMs - performance.timeOrigin;
    await pause(startedAt - performance.now());
    const over = new Promise<void>((resolve) => (this.#onOver = resolve));
    const failed = (error: unknown): void => {
      this.#violations.push(`the crowd: ${error instanceof Error ? error.message : String(error)}`);
    };
    const timers = plan.segments.map(({ event, fromMs }) =>
      setTimeout(() => {
        if (event === "slowConsumers") void this.#crowd.stopReading().catch(failed);
        if (event === "storm") void this.#crowd.storm().catch(failed);
      }, fromMs),
    );
    timers.push(setTimeout(() => this.#cpu.start(), plan.warmUpMs));
    timers.push(setTimeout(() => this.stop(), plan.warmUpMs + plan.durationMs));
    await over;
    for (const timer of timers) clearTimeout(timer);
    this.#cpu.stop();
    this.#untilMs = performance.now() - startedAt;
  }

  stop(): void {
    this.#onOver();
  }

  result(): ClientResult {
    const { plan, intervalMs, role } = this.#job;
    const { cpuMs, cpuOverMs } = this.#cpu;
    return {
      role,
      measuredFromMs: plan.warmUpMs,
      measuredToMs: Math.min(this.#untilMs, plan.warmUpMs + plan.durationMs),
      ...figuresOf(new RequestLog(), plan, intervalMs, this.#untilMs, this.#untilMs),
      ...NO_WATCHES,
      cpuMs,
      cpuOverMs,
      crowd: this.#crowd.result(),
      violations: this.#violations,
      connectionsLost: 0,
    };
  }

  encodedLog(): Iterable<Uint8Array> {
    return new RequestLog().encode();
  }

  close(): void {
    this.#crowd.close();
  }
}
