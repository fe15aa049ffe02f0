import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { claimFolder } from "../../src/journal/embedded-redis-claim.ts";
import { askRedis, findRedisProgram } from "../../src/journal/embedded-redis-probe.ts";
import {
  EmbeddedRedis,
  stopLeftoverRedis,
  type EmbeddedRedisEvent,
  type EmbeddedRedisOptions,
} from "../../src/journal/embedded-redis.ts";

let root: string;
let dataDir: string;
let started: EmbeddedRedis[];
let children: ChildProcess[];
let events: EmbeddedRedisEvent[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "loanloom-redis-"));
  dataDir = root;
  started = [];
  children = [];
  events = [];
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  for (const redis of started) await redis.stop();
  await killLeftover();
  await rm(root, { recursive: true, force: true });
});

/** A test that fails halfway may leave a Redis that nobody supervises: ended by its pid. */
async function killLeftover(): Promise<void> {
  const pid = Number(await readFile(join(dataDir, "redis", "redis.pid"), "utf8").catch(() => "0"));
  if (pid > 1 && isAlive(pid)) process.kill(pid, "SIGKILL");
}

async function start(options: Partial<EmbeddedRedisOptions> = {}): Promise<EmbeddedRedis> {
  const redis = await EmbeddedRedis.start({
    dataDir,
    claimMsMax: 0,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  started.push(redis);
  return redis;
}

async function ask(redis: EmbeddedRedis, ...command: string[]): Promise<string> {
  const reply = await askRedis(redis.socketPath, command, 5_000);
  return `${reply.kind} ${reply.text}`;
}

function isAlive(pid: number): boolean {
  return (
    spawnSync("ps", ["-o", "stat=", "-p", String(pid)])
      .stdout.toString()
      .match(/^[^Z\s]/) !== null
  );
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Stands for a server that is killed with -9: starts a Redis on the folder with the very
 * configuration that the server writes, and leaves it behind with no owner.
 */
async function leaveBehind(): Promise<number> {
  const redis = await start();
  const { pid } = redis;
  await redis.stop();
  const child = spawn(await findRedisProgram(), [join(dataDir, "redis", "redis.conf")], {
    cwd: join(dataDir, "redis"),
    stdio: "ignore",
    detached: true,
  });
  children.push(child);
  expect(child.pid).not.toBe(pid);
  await until("it answers", async () => (await ask(redis, "PING")) === "text PONG");
  events.length = 0;
  return child.pid!;
}

describe("Embedded Redis", () => {
  test("serves over a unix socket only, syncing every write", async () => {
    const redis = await start();
    expect(await ask(redis, "PING")).toBe("text PONG");
    expect(redis.url).toBe(`unix:${redis.socketPath}`);
    const settings = ["appendonly", "appendfsync", "no-appendfsync-on-rewrite"];
    const reply = await askRedis(
      redis.socketPath,
      ["CONFIG", "GET", ...settings, "maxmemory-policy", "port", "save"],
      1_000,
    );
    const items = reply.kind === "list" ? reply.items : [];
    const setting = (name: string): string | undefined => items[items.indexOf(name) + 1];
    expect(settings.map(setting)).toEqual(["yes", "always", "no"]);
    expect(setting("maxmemory-policy")).toBe("noeviction");
    expect(setting("port")).toBe("0");
    expect(setting("save")).toBe("");
    expect((await stat(redis.socketPath)).mode & 0o077).toBe(0);
    expect(events).toEqual([{ type: "started", pid: redis.pid }]);
  });

  test("finds its data again at the next start", async () => {
    const first = await start();
    expect(await ask(first, "SET", "word", "spring")).toBe("text OK");
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start();
    expect(await ask(second, "GET", "word")).toBe("text spring");
  });

  test("keeps what was acknowledged when Redis is killed with -9, and is restarted", async () => {
    const redis = await start();
    const { pid } = redis;
    expect(await ask(redis, "SET", "word", "spring")).toBe("text OK");
    process.kill(pid, "SIGKILL");
    await until("restarted", () => redis.restarts === 1);
    expect(redis.pid).not.toBe(pid);
    expect(await ask(redis, "GET", "word")).toBe("text spring");
    expect(events.map((event) => event.type)).toEqual(["started", "died", "restarted"]);
  });

  test("restarts Redis also when its log is gone", async () => {
    const redis = await start();
    await rm(join(dataDir, "redis", "redis.log"));
    process.kill(redis.pid, "SIGKILL");
    await until("restarted", () => redis.restarts === 1);
    expect(events[1]).toMatchObject({ type: "died", detail: "" });
  });

  test("starts no second Redis on the same files when it cannot note down the first", async () => {
    const redis = await start();
    const pidPath = join(dataDir, "redis", "redis.pid");
    await rm(pidPath);
    await mkdir(pidPath);
    process.kill(redis.pid, "SIGKILL");
    await until("it was tried again", () => events.some(({ type }) => type === "restart_failed"));
    await rm(pidPath, { recursive: true });
    await until("restarted", () => redis.restarts === 1);
    const folder = await realpath(join(dataDir, "redis"));
    const all = spawnSync("pgrep", ["-x", "redis-server"]).stdout.toString().trim().split("\n");
    const here = await Promise.all(
      all.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "gone")),
    );
    expect(here.filter((cwd) => cwd === folder).length).toBe(1);
  });

  test("goes on trying, with growing pauses, while Redis cannot start", async () => {
    const redis = await start();
    const manifest = join(dataDir, "redis", "appendonlydir", "appendonly.aof.manifest");
    const good = await readFile(manifest, "utf8");
    await writeFile(manifest, "nonsense\n");
    process.kill(redis.pid, "SIGKILL");
    const failures = (): EmbeddedRedisEvent[] =>
      events.filter((event) => event.type === "restart_failed");
    await until("two failures", () => failures().length >= 2);
    await writeFile(manifest, good);
    await until("restarted", () => redis.restarts === 1);
    const pauses = failures().map((event) =>
      event.type === "restart_failed" ? event.retryInMs : 0,
    );
    expect(pauses[1]).toBeGreaterThan(pauses[0]!);
    expect(JSON.stringify(failures()[0])).toMatch(/manifest/i);
  });

  test("a stop while it is being restarted leaves no process behind", async () => {
    const redis = await start();
    const { pid } = redis;
    process.kill(pid, "SIGKILL");
    await until("seen dead", () => events.some((event) => event.type === "died"));
    // The new process is launched 100 ms after the death; a stop right then must see it.
    await new Promise((resolve) => setTimeout(resolve, 105));
    await redis.stop();
    const last = Number(
      await readFile(join(dataDir, "redis", "redis.pid"), "utf8").catch(() => "0"),
    );
    expect(last === 0 || !isAlive(last)).toBe(true);
    expect((await askRedis(redis.socketPath, ["PING"], 500)).kind).toBe("unreachable");
  });

  test("is in a process group of its own, which Ctrl-C in the terminal does not reach", async () => {
    const redis = await start();
    const group = spawnSync("ps", ["-o", "pgid=", "-p", String(redis.pid)])
      .stdout.toString()
      .trim();
    const ours = spawnSync("ps", ["-o", "pgid=", "-p", String(process.pid)])
      .stdout.toString()
      .trim();
    expect(group).toBe(String(redis.pid));
    expect(group).not.toBe(ours);
  });

  test("adopts the Redis that a killed server left, supervises and stops it", async () => {
    const pid = await leaveBehind();
    const redis = await start();
    expect(redis.pid).toBe(pid);
    expect(events).toEqual([{ type: "adopted", pid }]);
    process.kill(pid, "SIGKILL");
    await until("restarted", () => redis.restarts === 1);
    expect(await ask(redis, "PING")).toBe("text PONG");
    await redis.stop();
    expect(isAlive(redis.pid)).toBe(false);
  });

  test("an adopted Redis is stopped with the server", async () => {
    const pid = await leaveBehind();
    const redis = await start();
    await redis.stop();
    expect(isAlive(pid)).toBe(false);
  });

  test("does not adopt a Redis that no longer syncs every write, and lets it run", async () => {
    const pid = await leaveBehind();
    const socketPath = join(dataDir, "redis", "redis.sock");
    await askRedis(socketPath, ["CONFIG", "SET", "appendfsync", "everysec"], 1_000);
    await expect(start()).rejects.toMatchObject({ code: "redis_not_durable" });
    expect(isAlive(pid)).toBe(true);
    await askRedis(socketPath, ["CONFIG", "SET", "appendfsync", "always"], 1_000);
    expect((await start()).pid).toBe(pid);
  });

  test("never starts a second Redis beside one that runs but does not answer", async () => {
    const pid = await leaveBehind();
    process.kill(pid, "SIGSTOP");
    await expect(start()).rejects.toMatchObject({
      code: "redis_unresponsive",
      message: expect.stringContaining(`kill ${pid}`) as string,
    });
    process.kill(pid, "SIGCONT");
    expect((await start()).pid).toBe(pid);
  });

  test("waits for a leftover that is stopped for a moment", async () => {
    const pid = await leaveBehind();
    process.kill(pid, "SIGSTOP");
    setTimeout(() => process.kill(pid, "SIGCONT"), 1_500);
    expect((await start()).pid).toBe(pid);
  });

  test("refuses a folder that a living server owns", async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: "data_in_use" });
  });

  test("waits for an owner that is just stopping", async () => {
    const first = await start();
    setTimeout(() => void first.stop(), 300);
    const second = await start({ claimMsMax: 10_000 });
    expect(await ask(second, "PING")).toBe("text PONG");
  });

  test("stopLeftoverRedis ends what a killed server left, and says whether there was one", async () => {
    const pid = await leaveBehind();
    expect(await stopLeftoverRedis(dataDir)).toBe(true);
    expect(isAlive(pid)).toBe(false);
    expect(await stopLeftoverRedis(dataDir)).toBe(false);
  });

  test("of many that claim a dead owner's folder at once, one wins", async () => {
    const redisDir = join(dataDir, "redis");
    await mkdir(redisDir);
    const owner = spawn(process.execPath, [
      "-e",
      `require("net").createServer().listen(${JSON.stringify(join(redisDir, "owner.sock"))}, () => console.log("up"))`,
    ]);
    children.push(owner);
    await new Promise((resolve) => owner.stdout.once("data", resolve));
    await expect(claimFolder(redisDir, 0)).rejects.toMatchObject({ code: "data_in_use" });
    owner.kill("SIGKILL");
    await new Promise((resolve) => owner.once("exit", resolve));
    const claims = await Promise.allSettled(
      Array.from({ length: 20 }, () => claimFolder(redisDir, 200)),
    );
    const won = claims.filter((claim) => claim.status === "fulfilled");
    expect(won).toHaveLength(1);
    for (const claim of won) await claim.value.release();
    await (await claimFolder(redisDir, 0)).release();
  });

  test("works in a folder whose path is too long for a unix socket", async () => {
    dataDir = join(dataDir, "a-rather-long-name-of-a-folder".repeat(4));
    const first = await start();
    expect(Buffer.byteLength(first.socketPath)).toBeLessThanOrEqual(103);
    expect(await ask(first, "SET", "word", "spring")).toBe("text OK");
    await first.stop();
    expect(await ask(await start(), "GET", "word")).toBe("text spring");
  });

  test("works in a folder with blanks and quotes in its name", async () => {
    dataDir = join(dataDir, `it's "my" \\ data`);
    const redis = await start();
    expect(await ask(redis, "PING")).toBe("text PONG");
    expect(await readlink(`/proc/${redis.pid}/cwd`)).toBe(join(dataDir, "redis"));
  });

  test("says in one line why Redis did not start, and gives the folder free", async () => {
    await mkdir(join(dataDir, "redis", "appendonlydir"), { recursive: true });
    const manifest = join(dataDir, "redis", "appendonlydir", "appendonly.aof.manifest");
    await writeFile(manifest, "nonsense\n");
    await expect(start()).rejects.toMatchObject({
      code: "redis_start_failed",
      message: expect.stringMatching(/^Redis ended before it served[^\n]*manifest/i) as string,
    });
    await rm(manifest);
    expect(await ask(await start(), "PING")).toBe("text PONG");
  });

  test("can be connected to only by its user", async () => {
    const redis = await start();
    const mode = (await stat(join(dataDir, "redis"))).mode & 0o777;
    expect(mode).toBe(0o700);
    await new Promise<void>((resolve, reject) => {
      const socket = connect(redis.socketPath, () => {
        socket.destroy();
        resolve();
      });
      socket.once("error", reject);
    });
  });
});

describe("The Redis program", () => {
  async function program(name: string, output: string): Promise<void> {
    await writeFile(join(dataDir, name), `#!/bin/sh\necho '${output}'\n`);
    await chmod(join(dataDir, name), 0o755);
  }

  test("absent: the error says how to install it", async () => {
    await expect(findRedisProgram(dataDir)).rejects.toMatchObject({
      code: "redis_not_installed",
      message: expect.stringContaining("apt-get install redis-server") as string,
    });
  });

  test("too old: the error names program and version", async () => {
    await program("redis-server", "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc");
    await expect(findRedisProgram(dataDir)).rejects.toMatchObject({
      code: "redis_too_old",
      message: expect.stringContaining("6.0.16") as string,
    });
  });

  test("Valkey serves where Redis is absent or too old", async () => {
    await program("redis-server", "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc");
    await program("valkey-server", "Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc");
    expect(await findRedisProgram(dataDir)).toBe(join(dataDir, "valkey-server"));
  });
});
