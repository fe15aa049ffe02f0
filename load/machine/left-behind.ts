// What a run has started and must not leave behind: servers with their Redis, temporary folders.
// They are ended when the run ends, by whatever: its own end, an error, a signal; and after a
// kill -9 by a guardian, a process that waits for just that.

import { fork, type ChildProcess } from "node:child_process";
import { readFileSync, rmSync, mkdtempSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { EXIT_OF_SIGNAL } from "../../src/command/exit-codes.ts";
import { descendantsOf, nameOf, startOf } from "./process-cpu.ts";

const REDIS_NAME = /^(redis|valkey)-server/;

export type Leftover =
  /** A server, and the Redis that it has started in its folder. */
  | {
      readonly type: "server";
      readonly pid: number;
      /** When the process started: a later one with the same pid is another. */
      readonly startedAt: number;
      readonly folder: string;
    }
  /** With the Redis that runs in it, whoever started that. */
  | { readonly type: "folder"; readonly path: string };

export type ToGuardian =
  | { readonly type: "guard"; readonly key: number; readonly leftover: Leftover }
  | { readonly type: "release"; readonly key: number };

const guarded = new Map<number, Leftover>();
let nextKey = 1;
let guardian: ChildProcess | undefined;

/** From now on it is ended with this process; the function that is returned takes that back. */
function guard(leftover: Leftover): () => void {
  if (guarded.size === 0 && nextKey === 1) listen();
  const key = nextKey++;
  guarded.set(key, leftover);
  tellGuardian({ type: "guard", key, leftover });
  return () => {
    guarded.delete(key);
    tellGuardian({ type: "release", key });
  };
}

export function guardServer(pid: number, folder: string): () => void {
  return guard({ type: "server", pid, startedAt: startOf(pid) ?? 0, folder });
}

/** A new folder below `parent`, and how to remove it; it goes with this process at the latest. */
export function temporaryFolder(
  parent: string,
  prefix: string,
): { readonly path: string; remove(): void; keep(): void } {
  const path = realpathSync(mkdtempSync(join(resolve(parent), prefix)));
  const release = guard({ type: "folder", path });
  return {
    path,
    remove() {
      endLeftover({ type: "folder", path });
      release();
    },
    keep: release,
  };
}

/** At once, and without waiting: for a process that ends. */
function endLeftover(leftover: Leftover): void {
  if (leftover.type === "folder") {
    const redisPid = redisOfFolder(leftover.path);
    if (redisPid !== null) kill(redisPid);
    rmSync(leftover.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    return;
  }
  const { pid, startedAt, folder } = leftover;
  const isRunning = startOf(pid) === startedAt;
  const redisPids = new Set(isRunning ? descendantsOf(pid, REDIS_NAME) : []);
  const named = redisOfFolder(folder);
  if (named !== null) redisPids.add(named);
  if (isRunning) kill(pid);
  for (const redisPid of redisPids) if (REDIS_NAME.test(nameOf(redisPid) ?? "")) kill(redisPid);
}

/** The embedded Redis of a data folder writes its pid down, and it runs with that folder. */
function redisOfFolder(folder: string): number | null {
  try {
    const data = join(folder, "data", "redis");
    const pid = Number(readFileSync(join(data, "redis.pid"), "utf8").trim());
    if (!Number.isSafeInteger(pid) || pid < 2) return null;
    return realpathSync(`/proc/${pid}/cwd`) === realpathSync(data) ? pid : null;
  } catch {
    return null;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended in between, which is what was wanted.
  }
}

function listen(): void {
  process.once("exit", endAll);
  for (const [signal, code] of Object.entries(EXIT_OF_SIGNAL)) {
    // A program that handles a signal itself ends in its own time.
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(code));
  }
  guardian = fork(new URL("./guardian.js", import.meta.url), {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: [],
  });
  guardian.on("error", () => (guardian = undefined));
  guardian.unref();
  guardian.channel?.unref();
}

/** Servers first: they write into the folders. */
export function endAll(leftovers: Iterable<Leftover> | number = guarded.values()): void {
  const all = typeof leftovers === "number" ? [...guarded.values()] : [...leftovers];
  for (const one of all) if (one.type === "server") endLeftover(one);
  for (const one of all) if (one.type === "folder") endLeftover(one);
}

function tellGuardian(message: ToGuardian): void {
  if (guardian?.connected === true) guardian.send(message, () => undefined);
}
