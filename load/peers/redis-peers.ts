// Redis as a peer, in two ways, and as a floor.

import { join } from "node:path";
import type { PeerBooks } from "./books.ts";
import { GatewayChild } from "./gateway-child.ts";
import type { Peer, PeerSetting, RunningPeer } from "./peer.ts";
import { redisBooks } from "./redis-books.ts";
import { PeerRedis, redisProgram } from "./redis-server.ts";
import { settingsOf, type StoreKind } from "./store.ts";

const DURABILITY = "appendfsync always: a fsync for all calls of an event-loop turn of Redis";

export const REDIS_SCRIPT: Peer = {
  key: "redis",
  name: "Redis, a function call a bid",
  how: "gateway, calls pipelined by event-loop turn over a unix socket, one Lua function call each",
  durability: DURABILITY,
  atomicity: "the call",
  isFloor: false,
  contests: ["bids", "repayments"],
  missing: missingRedis,
  start: (setting) => start("redisScript", setting),
};

export const REDIS_BATCH: Peer = {
  key: "redisBatch",
  name: "Redis, a function call a batch",
  how: "gateway that gives all waiting bids of a loan to one Lua function call",
  durability: DURABILITY,
  atomicity: "the batch",
  isFloor: false,
  contests: ["bids"],
  missing: missingRedis,
  start: (setting) => start("redisBatch", setting),
};

export const REDIS_APPEND: Peer = {
  key: "append",
  name: "floor: Redis appends",
  how: "gateway, an XADD of the same bytes for each message, and the bytes back when it is on disk",
  durability: DURABILITY,
  atomicity: "none: nothing is decided",
  isFloor: true,
  contests: ["bids"],
  missing: missingRedis,
  start: (setting) => start("redisAppend", setting),
};

function missingRedis(): Promise<string | null> {
  return Promise.resolve(redisProgram() === null ? "no redis-server (`npm run redis`)" : null);
}

async function start(kind: StoreKind, setting: PeerSetting): Promise<RunningPeer> {
  const { folder, world } = setting;
  const redis = await PeerRedis.start(join(folder, "redis"));
  try {
    await redis.create(world);
    const gateway = await GatewayChild.start(settingsOf(kind, redis.socketPath, world));
    const isFloor = kind === "redisAppend";
    const books = (): Promise<PeerBooks> => redisBooks(redis, world.loans.length);
    return {
      target: {
        endpoint: { host: "127.0.0.1", port: gateway.port, path: "/" },
        pid: gateway.pid,
        redisPids: [redis.pid],
      },
      direct: isFloor ? null : (job) => gateway.direct(job),
      books: isFloor ? null : books,
      stored: isFloor ? async () => (await redis.asked("XLEN", "floor")) as number : null,
      failure: () => gateway.failure,
      stop: async () => {
        await gateway.stop();
        await redis.stop();
      },
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}
