// The sandbox as its users run it: the built `loanloom custodian` in a process of its
// own, on a file that outlives it, so that it can be killed. Whatever happens,
// `destroy` leaves no process behind.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { HttpCustodian, CLIENT_LIMITS, type ClientLimits } from "../../src/custodian/client.ts";
import { systemEnvironment } from "../../src/custodian/environment.ts";
import { loadKeys } from "../../src/custodian/key-file.ts";
import type { FaultName, FaultSettings } from "../../src/custodian/sandbox/faults.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/src/cli/loanloom.js", import.meta.url));

/** Attempts follow each other at once. An answer may take its time: the machine may be busy. */
export const EAGER_LIMITS: ClientLimits = {
  ...CLIENT_LIMITS,
  attempts: { delayMsFirst: 5, delayMsMax: 20 },
  circuit: { ...CLIENT_LIMITS.circuit, delayMsFirst: 30, delayMsMax: 100 },
};

export interface Health {
  readonly balanceCents: number;
  readonly reservedCents: number;
  readonly entries: number;
  readonly payoutsPending: number;
  readonly noticesPending: number;
  readonly noticesSent: number;
}

export class SandboxProcess {
  readonly folder: string;
  readonly #options: readonly string[];
  #child: ChildProcess | null = null;
  #port = 0;
  url = "";

  private constructor(folder: string, options: readonly string[]) {
    this.folder = folder;
    this.#options = options;
  }

  /** Ends with the test that runs, and leaves nothing behind. */
  static async start(options: readonly string[] = []): Promise<SandboxProcess> {
    if (!existsSync(PROGRAM)) throw new Error("run `npm run build` first: the test needs dist/");
    const folder = await mkdtemp(join(tmpdir(), "ll-custodian-"));
    const sandbox = new SandboxProcess(folder, options);
    onTestFinished(() => sandbox.#destroy());
    await sandbox.start();
    return sandbox;
  }

  get file(): string {
    return join(this.folder, "bank.jsonl");
  }

  get keyFile(): string {
    return join(this.folder, "bank.key");
  }

  /** Again on the same port, so that clients find it. */
  async start(): Promise<void> {
    const child = spawn(
      process.execPath,
      [
        ...[PROGRAM, "custodian", "--json", "--port", String(this.#port)],
        ...["--file", this.file, "--secret-file", this.keyFile, ...this.#options],
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#child = child;
    let said = "";
    child.stdout.on("data", (piece: Buffer) => (said += String(piece)));
    let errors = "";
    child.stderr.on("data", (piece: Buffer) => (errors += String(piece)));
    while (!said.includes("\n")) {
      if (child.exitCode !== null) throw new Error(`the sandbox ended: ${errors}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { url, port } = JSON.parse(said) as { url: string; port: number };
    this.url = url;
    this.#port = port;
  }

  /** kill -9. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** SIGTERM. Resolves to the exit code. */
  async stop(): Promise<number | null> {
    await this.#end("SIGTERM");
    return this.#child!.exitCode;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  async #destroy(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  keys(): Promise<readonly Uint8Array[]> {
    return loadKeys(this.keyFile);
  }

  /** Closed when the test that runs is over. */
  async client(limits = EAGER_LIMITS): Promise<HttpCustodian> {
    const environment = systemEnvironment;
    const client = new HttpCustodian({
      url: this.url,
      keys: await this.keys(),
      environment,
      limits,
    });
    onTestFinished(() => client.close());
    return client;
  }

  async ask(method: string, path: string, fields?: unknown): Promise<[number, unknown]> {
    const response = await fetch(this.url + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(fields === undefined ? {} : { body: JSON.stringify(fields) }),
    });
    return [response.status, await response.json()];
  }

  async faults(settings: Partial<FaultSettings>): Promise<void> {
    const [status, answer] = await this.ask("PUT", "/sandbox/faults", settings);
    if (status !== 200) throw new Error(JSON.stringify(answer));
  }

  async fired(): Promise<Readonly<Record<FaultName, number>>> {
    const [, answer] = await this.ask("GET", "/sandbox/faults");
    return (answer as { fired: Record<FaultName, number> }).fired;
  }

  async deposit(accountId: string, amountCents: number, reference?: string): Promise<string> {
    const fields = { accountId, amountCents, ...(reference === undefined ? {} : { reference }) };
    const [status, answer] = await this.ask("POST", "/sandbox/deposits", fields);
    if (status !== 201) throw new Error(JSON.stringify(answer));
    return (answer as { reference: string }).reference;
  }

  async health(): Promise<Health> {
    const [, answer] = await this.ask("GET", "/healthz");
    return answer as Health;
  }

  /**
   * Until all payouts have ended and, where there is somebody to tell, all notices were answered.
   */
  async atRest(): Promise<Health> {
    const tells = this.#options.includes("--callback-url");
    for (;;) {
      const health = await this.health();
      if (health.payoutsPending === 0 && !(tells && health.noticesPending > 0)) return health;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
