// A Redis of its own for the comparison, as durable as ours: append-only, fsync before each answer.

import { accessSync, constants, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { NOTE_CENTS } from "./postgres-schema.ts";
import { REDIS_LIBRARY } from "./redis-functions.ts";
import { RedisPipe } from "./redis-pipe.ts";
import { newSocketFolder, StartedProcess } from "./started-processes.ts";
import { placesOf, type PeerWorld } from "./store.ts";

const REDIS_SETTINGS: Readonly<Record<string, string>> = {
  port: "0",
  appendonly: "yes",
  appendfsync: "always",
  "no-appendfsync-on-rewrite": "no",
  "auto-aof-rewrite-percentage": "0",
  "maxmemory-policy": "noeviction",
  save: "",
};

const PROGRAMS = ["redis-server", "valkey-server"];
/** Arguments in one command of the set-up. */
const CHUNK = 1_000;

export function redisProgram(): string | null {
  for (const name of PROGRAMS) {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not in this folder.
      }
    }
  }
  return null;
}

const socketIn = (folder: string): string => join(folder, "redis.sock");

export class PeerRedis {
  readonly #sockets: ReturnType<typeof newSocketFolder>;
  readonly #process: StartedProcess;

  private constructor(sockets: ReturnType<typeof newSocketFolder>, process: StartedProcess) {
    this.#sockets = sockets;
    this.#process = process;
  }

  static async start(folder: string): Promise<PeerRedis> {
    mkdirSync(folder, { recursive: true });
    const sockets = newSocketFolder();
    const settings = { ...REDIS_SETTINGS, dir: folder, unixsocket: socketIn(sockets.path) };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const started = new StartedProcess(redisProgram()!, args, { folder, stopSignal: "SIGKILL" });
    const redis = new PeerRedis(sockets, started);
    try {
      await started.untilReady(async () => (await redis.asked("PING")) === "PONG");
    } catch (error) {
      await redis.stop();
      throw error;
    }
    return redis;
  }

  get socketPath(): string {
    return socketIn(this.#sockets.path);
  }

  get pid(): number {
    return this.#process.pid;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    this.#sockets.remove();
  }

  /** One question over a connection of its own. */
  async asked(...parts: readonly (string | number)[]): Promise<unknown> {
    const pipe = await this.connect();
    try {
      return await pipe.ask(...parts);
    } finally {
      pipe.close();
    }
  }

  connect(): Promise<RedisPipe> {
    return RedisPipe.open(this.socketPath, () => undefined);
  }

  async create({ accounts, depositCents, loans }: PeerWorld): Promise<void> {
    const pipe = await this.connect();
    const places = placesOf(accounts);
    try {
      await pipe.ask("FUNCTION", "LOAD", REDIS_LIBRARY);
      for (let from = 0; from < accounts.length; from += CHUNK) {
        const some = accounts.slice(from, from + CHUNK).map((_, at) => from + at);
        await pipe.ask("HSET", "available", ...some.flatMap((place) => [place, depositCents]));
        await pipe.ask("HSET", "held", ...some.flatMap((place) => [place, 0]));
      }
      for (const [place, { principalCents, borrowerId, lenders }] of loans.entries()) {
        const loan = `loan:${place}`;
        const left = lenders.length > 0 ? 0 : principalCents;
        await pipe.ask("HSET", loan, "left", left, "bids", 0, "principal", principalCents);
        if (borrowerId === null) continue;
        const notesEach = principalCents / lenders.length / NOTE_CENTS;
        const debt = ["notes", notesEach * lenders.length, "owed", principalCents];
        const owner = ["borrower", places.get(borrowerId)!, "repaid", 0, "repayments", 0];
        await pipe.ask("HSET", loan, ...debt, ...owner);
        await pipe.ask("RPUSH", `holders:${place}`, ...lenders.map((each) => places.get(each)!));
        await pipe.ask("RPUSH", `notes:${place}`, ...lenders.map(() => notesEach));
      }
    } finally {
      pipe.close();
    }
  }
}
