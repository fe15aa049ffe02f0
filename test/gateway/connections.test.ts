// Connections that never send a whole request are bounded as well: in total, in how fast one
// address opens them, and by the files that the process may open.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openFilesMax, socketsMaxOf } from "../../src/gateway/descriptors.ts";
import { stopLeftoverRedis } from "../../src/journal/embedded-redis.ts";
import { PROGRAM } from "../cli/program.ts";
import { eventually, startFixture } from "../support/gateway-fixture.ts";
import { sendRaw } from "../support/raw-http.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/** Half a request on each connection; what is cut is counted. */
function halves(port: number, count: number) {
  const held = { cut: 0, destroy: () => sockets.forEach((socket) => socket.destroy()) };
  const sockets = Array.from({ length: count }, () => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.on("close", () => held.cut++);
    socket.write("GET /v1/loans HTTP/1.1\r\nX: ");
    return socket;
  });
  onTestFinished(held.destroy);
  return held;
}

const FEW = { connectionsPerAccountMax: 2, connectionsPerAddressMax: 2 } as const;

describe("Connections without a request", () => {
  test("are cut beyond their most, and nobody else is once they have gone", async () => {
    const { port, counters } = await startFixture({ httpConnectionsMax: 20 });
    const held = halves(port, 35);
    await eventually(() => held.cut).toBe(15);
    expect(counters).toMatchObject({ httpConnectionsOpen: 20, connectionsCutOverLimit: 15 });
    expect((await sendRaw(port, HEALTH)).statuses).toEqual([]);
    held.destroy();
    await eventually(() => counters.httpConnectionsOpen).toBe(0);
    expect((await sendRaw(port, HEALTH)).statuses).toEqual([200]);
  });

  test("are no longer counted once they are sessions, however these end", async () => {
    const fixture = await startFixture({ httpConnectionsMax: 16 });
    for (let n = 0; n < 40; n++) {
      const client = await fixture.client("alice");
      expect(fixture.counters).toMatchObject({ httpConnectionsOpen: 0, connectionsOpen: 1 });
      if (n % 2 === 0) client.close();
      else client.socket.close();
      await eventually(() => fixture.counters.connectionsOpen).toBe(0);
    }
    await expect(fixture.connect({ protocols: ["none"] })).rejects.toThrow("400");
    await eventually(() => fixture.counters.httpConnectionsOpen).toBe(0);
  });

  test("of one address come at a bounded rate", async () => {
    const { port, counters, clock } = await startFixture(FEW);
    const one = async () => (await sendRaw(port, HEALTH.replace("x", "x\r\nX: y"), 20)).statuses;
    const many = async (count: number) => {
      const held = halves(port, count);
      await eventually(() => counters.httpConnectionsOpen + held.cut).toBe(count);
      held.destroy();
      await eventually(() => counters.httpConnectionsOpen).toBe(0);
    };
    for (let n = 0; n < 5; n++) await many(240);
    expect(counters.connectionsCutOverAddressRate).toBeGreaterThan(0);
    expect(counters.connectionsCutOverAddressRate).toBeLessThanOrEqual(200);
    clock.shiftMs += 10_000;
    expect(await one()).toEqual([200]);
  });

  test("behind a proxy are the proxy's to tell apart", async () => {
    const { port, counters } = await startFixture({ ...FEW, clientAddressHeader: "x-real-ip" });
    for (let n = 0; n < 5; n++) {
      const held = halves(port, 240);
      await eventually(() => counters.httpConnectionsOpen).toBe(240);
      held.destroy();
      await eventually(() => counters.httpConnectionsOpen).toBe(0);
    }
    expect(counters.connectionsCutOverAddressRate).toBe(0);
  });

  test("that fill more than half make answers end their connections", async () => {
    const { port, counters } = await startFixture({ httpConnectionsMax: 16 });
    expect((await sendRaw(port, HEALTH)).text).not.toMatch(/connection: close/i);
    halves(port, 8);
    await eventually(() => counters.httpConnectionsOpen).toBe(8);
    const startedAt = performance.now();
    const { statuses, text } = await sendRaw(port, HEALTH, 10_000);
    expect(statuses).toEqual([200]);
    expect(text).toMatch(/connection: close/i);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe("Files that may be open", () => {
  test("are those of this process, and a part is kept from clients", () => {
    const files = openFilesMax();
    expect(files === null || files >= 256).toBe(true);
    expect(socketsMaxOf(10_000, 500)).toBe(9_500);
    expect(socketsMaxOf(600, 500)).toBe(300);
    expect(socketsMaxOf(null, 500)).toBe(Infinity);
  });

  test("when there are few, still reach for Redis and for whoever comes after", async () => {
    const folder = await mkdtemp(join(tmpdir(), "loanloom-files-"));
    const child = spawn(
      "sh",
      ["-c", 'ulimit -n 300 && exec "$0" "$@"', process.execPath, PROGRAM, "serve"],
      {
        env: {
          PATH: process.env["PATH"],
          PORT: "0",
          LOANLOOM_DATA: folder,
          LOANLOOM_REDIS_MAXMEMORY_MIB: "256",
        },
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    let log = "";
    child.stdout.on("data", (chunk: Buffer) => (log += chunk.toString()));
    const ended = new Promise((resolve) => child.once("close", resolve));
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await ended;
      await stopLeftoverRedis(folder);
      await rm(folder, { recursive: true });
    });
    await eventually(() => log).toContain("the gateway listens");
    expect(log).toContain("fewer connections fit than are allowed");
    const port = Number(/"port":(\d+),"msg":"the gateway listens"/.exec(log)![1]);
    const ready = async (): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
      return response?.status ?? 0;
    };
    const held = halves(port, 400);
    await eventually(() => held.cut).toBe(250);
    // Redis dies, and must be found again, while they are held.
    const redis = Number(await readFile(join(folder, "redis", "redis.pid"), "utf8"));
    process.kill(redis, "SIGKILL");
    await eventually(() => log).toContain('"type":"restarted"');
    held.destroy();
    await expect.poll(ready, { timeout: 20_000, interval: 50 }).toBe(200);
    expect(child.exitCode).toBeNull();
  }, 60_000);
});
