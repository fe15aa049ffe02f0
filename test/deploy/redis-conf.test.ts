// The configurations that operators copy are started as they are, but for names and ports
// that exist only on their machines.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { redisConnect } from "../../src/journal/connection.ts";
import { checkDurability } from "../../src/journal/durability.ts";
import { freePort } from "../../src/command/server-child.ts";
import { TestRedis } from "../support/redis.ts";

async function deployed(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), "utf8");
}

/** Starts redis-server on the text, in a folder of its own; ends with the test. */
async function startOn(text: (folder: string) => string, ...more: string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "loanloom-deployed-"));
  const file = join(folder, "redis.conf");
  await writeFile(file, text(folder));
  const child = spawn("redis-server", [file, ...more], { stdio: "ignore", cwd: folder });
  onTestFinished(async () => {
    const exited = once(child, "exit");
    if (child.kill("SIGKILL")) await exited;
    await rm(folder, { recursive: true, force: true });
  });
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(50);
    }
  }
}

test("redis.conf is durable, as the server asks for", async () => {
  const text = await deployed("redis.conf");
  const port = await freePort();
  await startOn((folder) => text.replace("dir /data", `dir ${folder}\nport ${port}`));
  const connect = redisConnect(`redis://127.0.0.1:${port}`);
  const report = await eventually(() => checkDurability(connect, { allowEverysec: false }));
  expect(report.warnings).toEqual([]);
});

test("sentinel.conf leads to the master that it names, by the URL that it tells", async () => {
  const text = await deployed("sentinel.conf");
  const master = await TestRedis.start();
  onTestFinished(() => master.stop());
  const port = await freePort();
  const mine = text
    .replace("port 26379", `port ${port}`)
    .replace("redis-1 6379", `127.0.0.1 ${master.port}`);
  await startOn(() => mine, "--sentinel");
  const url = /REDIS_URL=(\S+)/.exec(text)![1]!;
  const environment = {
    REDIS_URL: url,
    LOANLOOM_REPLICAS_MIN: /LOANLOOM_REPLICAS_MIN=(\d)/.exec(text)![1]!,
    LOANLOOM_MAC_KEY: "ab".repeat(32),
    LOANLOOM_JWT_SECRET: "s".repeat(32),
  };
  expect(loadConfig(environment).journal.replicasMin).toBe(1);
  const here = url.replace(/\/\/[^/]+\//, `//127.0.0.1:${port}/`);
  const connection = await eventually(() => redisConnect(here)("journal"));
  connection.close();
});
