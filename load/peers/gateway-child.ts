// A peer's gateway process as the comparison sees it.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { DirectJob, DirectResult } from "./direct-lanes.ts";
import type { FromGateway, ToGateway } from "./gateway-process.ts";
import { rememberStarted } from "./started-processes.ts";
import type { StoreSettings } from "./store.ts";

const PROGRAM = new URL("./gateway-process.js", import.meta.url);
const DRAIN_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 5_000;

export class GatewayChild {
  readonly #child: ChildProcess;
  #port = 0;
  #failure: Error | undefined;
  #onMessage: ((message: FromGateway) => void) | undefined;

  private constructor() {
    this.#child = fork(PROGRAM, { detached: true });
    this.#child.on("message", (message: FromGateway) => {
      if (message.type === "failed") this.#failed(message.reason);
      this.#onMessage?.(message);
    });
    const ended = rememberStarted(this);
    this.#child.once("exit", (code, signal) => {
      ended();
      const reason = `a gateway process ended: ${code ?? signal}`;
      this.#failed(reason);
      this.#onMessage?.({ type: "failed", reason });
    });
  }

  static async start(settings: StoreSettings): Promise<GatewayChild> {
    const gateway = new GatewayChild();
    try {
      const message = await gateway.#ask({ type: "open", settings }, DRAIN_TIMEOUT_MS);
      if (message.type === "listening") gateway.#port = message.port;
      return gateway;
    } catch (error) {
      await gateway.stop();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get port(): number {
    return this.#port;
  }

  /** What broke in it, if something did. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  async direct(job: DirectJob): Promise<DirectResult> {
    const timeoutMs = job.warmUpMs + job.measuredMs + DRAIN_TIMEOUT_MS;
    const message = await this.#ask({ type: "direct", job }, timeoutMs);
    if (message.type !== "direct") throw new Error(`${message.type} for a direct run`);
    return message.result;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  #failed(reason: string): void {
    this.#failure ??= new Error(reason);
  }

  async #ask(message: ToGateway, timeoutMs: number): Promise<FromGateway> {
    if (this.#failure !== undefined) throw this.#failure;
    const answer = await new Promise<FromGateway>((resolve) => {
      const timer = setTimeout(() => {
        resolve({ type: "failed", reason: `no answer to ${message.type} in ${timeoutMs} ms` });
      }, timeoutMs);
      this.#onMessage = (answered) => {
        clearTimeout(timer);
        resolve(answered);
      };
      this.#child.send(message);
    });
    this.#onMessage = undefined;
    if (answer.type === "failed") throw new Error(answer.reason);
    return answer;
  }
}
