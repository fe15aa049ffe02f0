// Runs the built command line as a user would: a process of its own, its output, its exit code.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stopLeftoverRedis } from "../../src/journal/embedded-redis.ts";

export const PROGRAM = fileURLToPath(new URL("../../dist/src/cli/loanloom.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Settings of whoever runs the tests stay out; those given here are the only ones. */
export function startProgram(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  cwd?: string,
): RunningProgram {
  if (!existsSync(PROGRAM)) throw new Error("run `npm run build` first: the test needs dist/");
  const clean = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("LOANLOOM_") && name !== "REDIS_URL",
  );
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...Object.fromEntries(clean), ...environment },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

export function runProgram(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<Ended> {
  return startProgram(args, environment, cwd).ended;
}

/** Where a server that was started listens. Rejects when it ends before it does. */
export function urlOf({ child, ended }: RunningProgram): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr!.on("data", (chunk) => {
      said += String(chunk);
      const url = /serves (ws:\S+);/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    void ended.then(({ stderr }) => reject(new Error(`the server did not start: ${stderr}`)));
  });
}

/** Ends a server with its data in `data` of the folder, its Redis, and what both have left. */
export async function discard(server: RunningProgram, folder: string): Promise<void> {
  server.child.kill("SIGKILL");
  await server.ended;
  await stopLeftoverRedis(join(folder, "data"));
  await rm(folder, { recursive: true });
}
