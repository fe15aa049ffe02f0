// Which Redis is accepted: durable ones only, said in words that tell what to change. And URLs.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemTimers } from "../../src/journal/clock.ts";
import { call, redisConnect } from "../../src/journal/connection.ts";
import { checkDurability, onlyDurable } from "../../src/journal/durability.ts";
import { MemoryWatch } from "../../src/journal/memory-watch.ts";
import { startProxy, startRedis } from "./journals.ts";

const STRICT = { allowEverysec: false };

describe("checkDurability", () => {
  test("accepts what is required, and names the version", async () => {
    const redis = await startRedis();
    const report = await checkDurability(redisConnect(redis.socketPath), STRICT);
    expect(report.redisVersion).toMatch(/^\d+\.\d+/);
    expect(report.warnings).toEqual([]);
  });

  test.each([
    ["appendonly", "no", "appendonly must be yes, but is no"],
    ["appendfsync", "everysec", "appendfsync must be always, but is everysec"],
    ["appendfsync", "no", "appendfsync must be always, but is no"],
    ["maxmemory-policy", "allkeys-lru", "maxmemory-policy must be noeviction"],
    ["no-appendfsync-on-rewrite", "yes", "no-appendfsync-on-rewrite must be no"],
  ])("refuses %s %s", async (name, value, message) => {
    const redis = await startRedis([`--${name}`, value]);
    const checking = checkDurability(redisConnect(redis.socketPath), STRICT);
    await expect(checking).rejects.toMatchObject({
      code: "not_durable",
      message: expect.stringContaining(message) as string,
    });
  });

  test("everysec passes only when allowed, with a warning of what it risks; `no` never", async () => {
    const redis = await startRedis(["--appendfsync", "everysec"]);
    const connect = redisConnect(redis.socketPath);
    const report = await checkDurability(connect, { allowEverysec: true });
    expect(report.warnings.join()).toContain("loses about the last second of acknowledged");
    await redis.run("CONFIG", "SET", "appendfsync", "no");
    await expect(checkDurability(connect, { allowEverysec: true })).rejects.toMatchObject({
      code: "not_durable",
    });
  });

  test("names all that is wrong at once, and refuses what it may not look at", async () => {
    const redis = await startRedis(["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"]);
    const connect = redisConnect(redis.socketPath);
    await expect(checkDurability(connect, STRICT)).rejects.toThrow(/appendonly.*maxmemory-policy/);
    await redis.run("ACL", "SETUSER", "blind", "on", ">pw", "~*", "+@all", "-config");
    const blind = redisConnect(`redis://blind:pw@127.0.0.1:${redis.port}`);
    await expect(checkDurability(blind, STRICT)).rejects.toThrow(/CONFIG GET .* cannot be checked/);
  });

  test("refuses a replica and a node of a Cluster", async () => {
    const redis = await startRedis();
    await redis.run("REPLICAOF", "127.0.0.1", 1);
    await expect(checkDurability(redisConnect(redis.socketPath), STRICT)).rejects.toThrow(
      /replica/,
    );
    const node = await startRedis(["--cluster-enabled", "yes"]);
    await expect(checkDurability(redisConnect(node.socketPath), STRICT)).rejects.toMatchObject({
      code: "unsupported_url",
    });
  });
});

describe("onlyDurable", () => {
  test("hands out no connection of a journal to a Redis that is not, and tells where it is", async () => {
    const [first, second] = [await startRedis(), await startRedis()];
    const proxy = await startProxy(first);
    const homes: { peer: string; before: string | null }[] = [];
    const connect = onlyDurable(redisConnect(proxy.url), STRICT, (home) => void homes.push(home));
    for (let times = 0; times < 2; times++) (await connect("journal", 3)).close();
    const peer = `127.0.0.1:${proxy.port}`;
    expect(homes).toMatchObject([{ shard: 3, peer, before: null, warnings: [] }]);
    await second.run("CONFIG", "SET", "appendfsync", "everysec");
    proxy.retarget(second);
    await expect(connect("journal", 3)).rejects.toMatchObject({
      code: "not_durable",
      message: expect.stringContaining("appendfsync must be always") as string,
    });
    (await connect("reads")).close();
  });

  test.each([
    ["sentinel", 0, /1 replicas, none of which must have a commit/],
    ["server", 0, null],
    ["sentinel", 1, null],
    ["server", 2, /1 of the 2 replicas that must have each commit/],
  ] as const)("of %s, with %i replicas asked for: %s", async (kind, replicasMin, warning) => {
    const [master, replica] = [await startRedis(), await startRedis()];
    await replica.run("REPLICAOF", "127.0.0.1", master.port);
    while (!String(await master.run("INFO", "replication")).includes("connected_slaves:1")) {
      await sleep(10);
    }
    const options = { ...STRICT, kind, replicasMin };
    const { warnings } = await checkDurability(redisConnect(master.socketPath), options);
    if (warning === null) expect(warnings).toEqual([]);
    else expect(warnings).toEqual([expect.stringMatching(warning)]);
  });
});

describe("redisConnect", () => {
  test("takes a path, unix:, and redis:// with user, password and database", async () => {
    const redis = await startRedis();
    await redis.run("ACL", "SETUSER", "me", "on", ">p@ss/w", "~*", "+@all");
    for (const url of [
      redis.socketPath,
      `unix:${redis.socketPath}`,
      `unix://${redis.socketPath}`,
      `redis://127.0.0.1:${redis.port}`,
      `redis://me:p%40ss%2Fw@localhost:${redis.port}/3`,
    ]) {
      const connection = await redisConnect(url)("reads");
      expect(String(await call(connection, "PING"))).toBe("PONG");
      const info = String(await call(connection, "CLIENT", "INFO"));
      expect(info).toContain(url.endsWith("/3") ? "db=3" : "db=0");
      expect(info).toContain(url.endsWith("/3") ? "user=me" : "user=default");
      connection.close();
    }
  });

  test.each([
    "redis+sentinel://a:26379/mymaster",
    "redis-sentinel://a:26379,b:26379",
    "redis-sentinel://a:26379/mymaster/one",
    "redis-sentinel://a:26379/mymaster?password=x",
    "redis-sentinel://a:0/mymaster",
    "redis-sentinel://a b/mymaster",
    "redis-sentinel://me:p@ss@a:26379/mymaster",
    "redis-cluster://a:6379/1",
    "redis-cluster://",
    "redis://u:%zz@a",
    "redis://a:6379,b:6379",
    "http://a:6379",
    "not a url",
    "unix:relative/path",
    "redis://a:6379/zero",
  ])("refuses %s with a typed error", (url) => {
    expect(() => redisConnect(url)).toThrow(expect.objectContaining({ code: "unsupported_url" }));
  });

  test("never shows the password of a URL that it refuses", () => {
    try {
      redisConnect("redis-cluster://user:hunter2@a:6379/3");
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message).not.toContain("hunter2");
    }
  });

  test("a database that is not there is refused, and not another one taken", async () => {
    const redis = await startRedis(["--databases", "2"]);
    await expect(redisConnect(`redis://127.0.0.1:${redis.port}/5`)("reads")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("out of range") as string,
    });
  });

  test("a server that is not there, or refuses the password, is `unavailable` at once", async () => {
    const redis = await startRedis();
    const wrong = redisConnect(`redis://nobody:wrong@127.0.0.1:${redis.port}`);
    await expect(wrong("reads")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("WRONGPASS") as string,
    });
    await redis.kill();
    const startedMs = performance.now();
    await expect(redisConnect(redis.socketPath)("reads")).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test("commands on a connection that is lost are answered, each once, with an error", async () => {
    const redis = await startRedis();
    const connection = await redisConnect(redis.socketPath)("journal");
    redis.freeze();
    onTestFinished(() => redis.thaw());
    const failures: string[] = [];
    for (let at = 0; at < 3; at++) {
      connection.send("PING", [], (error) => void failures.push(error!.message));
    }
    const reason = await new Promise<string>((resolve) => connection.onClose(resolve));
    expect(reason).toMatch(/timeout/i);
    connection.send("PING", [], (error) => void failures.push(error!.message));
    await sleep(50);
    expect(failures.length).toBe(4);
  });
});

describe("MemoryWatch", () => {
  test("sheds from 75 % of maxmemory, and stops below 70 %", async () => {
    const redis = await startRedis();
    const changes: boolean[] = [];
    const watch = await MemoryWatch.start({
      connects: [redisConnect(redis.socketPath)],
      timers: systemTimers,
      pollMs: 10,
      onChange: (shedding) => void changes.push(shedding),
    });
    onTestFinished(() => watch.close());
    expect(watch.shedding).toBe(false);
    expect(watch.use.maxBytes).toBe(0);
    const usedBytes = watch.use.usedBytes;
    expect(usedBytes).toBeGreaterThan(100_000);
    const untilMax = async (maxBytes: number): Promise<void> => {
      await redis.run("CONFIG", "SET", "maxmemory", maxBytes);
      while (watch.use.maxBytes !== maxBytes) await sleep(5);
    };
    await untilMax(Math.floor(usedBytes * 10));
    expect(watch.shedding).toBe(false);
    await untilMax(Math.floor(usedBytes * 1.2));
    expect(watch.shedding).toBe(true);
    await untilMax(Math.floor(usedBytes * 10));
    expect(watch.shedding).toBe(false);
    expect(changes).toEqual([true, false]);
  });

  test("of several the fullest counts, also while another one is away", async () => {
    const away = await startRedis();
    const full = await startRedis();
    const connects = [away, full].map(({ socketPath }) => redisConnect(socketPath));
    const watch = await MemoryWatch.start({ connects, timers: systemTimers, pollMs: 10 });
    onTestFinished(() => watch.close());
    await away.kill();
    const { usedBytes } = watch.use;
    await full.run("CONFIG", "SET", "maxmemory", Math.floor(usedBytes * 1.2));
    while (!watch.shedding) await sleep(5);
  });

  test("goes on looking after Redis was away", async () => {
    const redis = await startRedis();
    const connect = redisConnect(redis.socketPath);
    const connects = [connect];
    const watch = await MemoryWatch.start({ connects, timers: systemTimers, pollMs: 10 });
    onTestFinished(() => watch.close());
    await redis.kill();
    await sleep(60);
    await redis.restart();
    await redis.run("CONFIG", "SET", "maxmemory", 123_000_000);
    while (watch.use.maxBytes !== 123_000_000) await sleep(5);
  });
});
