// The client processes as the tool sees them. It must never outlive its children, nor they it.

import { fork, type ChildProcess } from "node:child_process";
import { cpuMsOf, sumOrNull } from "../machine/process-cpu.ts";
import type {
  ClientJob,
  ClientProgress,
  ClientResult,
  FromClient,
  ToClient,
} from "./client-job.ts";

const CONNECT_TIMEOUT_MS = 180_000;
const ENDING_MS = 60_000;
/** Pushes of the last answers are on their way, on other connections than the answers. */
const LAST_PUSHES_MS = 250;

interface Client {
  readonly child: ChildProcess;
  progress: ClientProgress;
  ready: Promise<void>;
  drained: Promise<void>;
  done: Promise<ClientResult>;
}

const NOTHING: ClientProgress = { sent: 0, answered: 0, refused: 0, connections: 0 };

export class Fleet {
  readonly #clients: readonly Client[];

  /** Starts a process for each job; they connect at once. */
  constructor(jobs: readonly ClientJob[]) {
    const program = new URL("./client-process.js", import.meta.url);
    this.#clients = jobs.map((job) => {
      const child = fork(program, { execArgv: [] });
      const client = listenTo(child);
      tell(child, { type: "job", job });
      return client;
    });
  }

  async connected(): Promise<void> {
    const all = Promise.all(this.#clients.map(({ ready }) => ready));
    await within(all, CONNECT_TIMEOUT_MS, "the clients did not connect");
  }

  /** Resolves when all have sent everything and wait for nothing. `lastsMs` is the plan's time. */
  async run(startsAtMs: number, lastsMs: number): Promise<void> {
    for (const { child } of this.#clients) tell(child, { type: "go", startsAtMs });
    const all = Promise.all(this.#clients.map(({ drained }) => drained));
    await within(all, lastsMs + ENDING_MS, "the clients did not end");
  }

  /** Everybody's results and, in files, their logs. What is pushed later is not in them. */
  async results(): Promise<readonly ClientResult[]> {
    await new Promise((resolve) => setTimeout(resolve, LAST_PUSHES_MS));
    for (const { child } of this.#clients) tell(child, { type: "report" });
    const all = Promise.all(this.#clients.map(({ done }) => done));
    return within(all, ENDING_MS, "the clients did not report");
  }

  /** Nothing more is sent; results come as if the plan were over. */
  stop(): void {
    for (const { child } of this.#clients) tell(child, { type: "stop" });
  }

  get progress(): ClientProgress {
    const sum = (key: keyof ClientProgress): number =>
      this.#clients.reduce((total, { progress }) => total + progress[key], 0);
    return {
      sent: sum("sent"),
      answered: sum("answered"),
      refused: sum("refused"),
      connections: sum("connections"),
    };
  }

  get cpuMs(): number | null {
    return sumOrNull(this.#clients.map(({ child }) => (child.pid ? cpuMsOf(child.pid) : null)));
  }

  end(): void {
    for (const { child } of this.#clients) if (child.connected) child.disconnect();
  }
}

function listenTo(child: ChildProcess): Client {
  let onReady!: () => void;
  let onDrained!: () => void;
  let onDone!: (result: ClientResult) => void;
  const fail: ((error: Error) => void)[] = [];
  const client: Client = {
    child,
    progress: NOTHING,
    ready: new Promise((resolve, reject) => {
      onReady = resolve;
      fail.push(reject);
    }),
    drained: new Promise((resolve, reject) => {
      onDrained = resolve;
      fail.push(reject);
    }),
    done: new Promise((resolve, reject) => {
      onDone = resolve;
      fail.push(reject);
    }),
  };
  client.ready.catch(() => undefined);
  client.drained.catch(() => undefined);
  client.done.catch(() => undefined);
  const failed = (reason: string): void => {
    for (const reject of fail) reject(new Error(reason));
  };
  child.on("message", (message: FromClient) => {
    if (message.type === "progress") client.progress = message.progress;
    else if (message.type === "ready") onReady();
    else if (message.type === "drained") onDrained();
    else if (message.type === "done") onDone(message.result);
    else failed(`a client process: ${message.reason}`);
  });
  child.once("error", (error) => failed(`a client process: ${error.message}`));
  child.once("exit", (code, signal) => failed(`a client process ended: ${code ?? signal}`));
  return client;
}

function tell(child: ChildProcess, message: ToClient): void {
  if (child.connected) child.send(message);
}

async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
