// A Restate of its own for the comparison: one node on unix sockets, its log fsynced (its default),
// with the service that it calls.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { PeerBooks } from "./books.ts";
import { RestateClient } from "./restate-ingress.ts";
import { restateProgram } from "./restate-program.ts";
import type { RestateAccount, RestateLoan } from "./restate-service.ts";
import { rememberStarted, StartedProcess } from "./started-processes.ts";
import type { PeerWorld } from "./store.ts";

const NODE = "n";
const SERVICE = new URL("./restate-service.js", import.meta.url);

/** Durable by default, said here so that no change of a default goes unseen. */
const SETTINGS: Readonly<Record<string, string>> = {
  RESTATE_DISABLE_TELEMETRY: "true",
  RESTATE_LOG_FILTER: "warn",
  RESTATE_LISTEN_MODE: "unix",
  RESTATE_LOG_SERVER__ROCKSDB_DISABLE_WAL_FSYNC: "false",
  RESTATE_DEFAULT_NUM_PARTITIONS: "4",
};

export class RestateCluster {
  readonly #folder: string;
  readonly #process: StartedProcess;
  readonly #service: ChildProcess;

  private constructor(folder: string, process: StartedProcess, service: ChildProcess) {
    this.#folder = folder;
    this.#process = process;
    this.#service = service;
    const ended = rememberStarted({ pid: service.pid!, stop: () => this.#stopService() });
    service.once("exit", ended);
  }

  static async start(folder: string): Promise<RestateCluster> {
    mkdirSync(folder, { recursive: true });
    const args = ["--no-logo", "--base-dir", folder, "--node-name", NODE];
    const started = new StartedProcess(restateProgram()!, args, {
      folder,
      // Its data go with the folder: nothing need be written to it.
      stopSignal: "SIGKILL",
      spawn: { cwd: folder, env: { ...process.env, ...SETTINGS } },
    });
    const service = fork(SERVICE, { detached: true });
    const cluster = new RestateCluster(folder, started, service);
    try {
      const [{ port }] = (await once(service, "message")) as [{ port: number }];
      await started.untilReady(() => cluster.#registers(port));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get pids(): readonly number[] {
    return [this.#process.pid, this.#service.pid!];
  }

  get ingress(): string {
    return join(this.#folder, NODE, "ingress.sock");
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await this.#stopService();
  }

  async #stopService(): Promise<void> {
    if (this.#service.exitCode !== null || this.#service.signalCode !== null) return;
    const exited = once(this.#service, "exit");
    if (this.#service.connected) this.#service.disconnect();
    await exited;
  }

  async #registers(port: number): Promise<boolean> {
    const admin = join(this.#folder, NODE, "admin.sock");
    if (!existsSync(admin) || !existsSync(this.ingress)) return false;
    const client = new RestateClient(admin, 1, () => undefined);
    try {
      await client.post("/deployments", { uri: `http://127.0.0.1:${port}`, force: true });
      return true;
    } finally {
      client.close();
    }
  }

  async create({ accounts, depositCents, loans }: PeerWorld): Promise<void> {
    await this.#ask(async (client) => {
      for (const name of accounts) await client.post(`/account/${name}/open`, depositCents);
      for (const { loanId, principalCents } of loans) {
        await client.post(`/loan/${loanId}/open`, principalCents);
      }
    });
  }

  /** Asked of the objects themselves: a call waits for all that came before it. */
  async books({ accounts, loans }: PeerWorld): Promise<PeerBooks> {
    return this.#ask(async (client) => {
      let availableCents = 0;
      let heldCents = 0;
      for (const name of accounts) {
        const account = (await client.post(`/account/${name}/books`, undefined)) as RestateAccount;
        availableCents += account.availableCents;
        heldCents += account.heldCents;
      }
      const books: PeerBooks["loans"][number][] = [];
      for (const { loanId } of loans) {
        const loan = (await client.post(`/loan/${loanId}/books`, undefined)) as RestateLoan;
        books.push({
          ...{ raisedCents: loan.raisedCents, bids: loan.bids, recordedCents: null },
          ...{ repaidCents: 0, repayments: 0, creditedCents: null, credits: null },
        });
      }
      return { loans: books, availableCents, heldCents };
    });
  }

  async #ask<T>(use: (client: RestateClient) => Promise<T>): Promise<T> {
    const client = new RestateClient(this.ingress, 1, () => undefined);
    try {
      return await use(client);
    } finally {
      client.close();
    }
  }
}
