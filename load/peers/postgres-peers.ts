// PostgreSQL as a peer, in two ways.

import { join } from "node:path";
import { descendantsOf } from "../machine/process-cpu.ts";
import { GatewayChild } from "./gateway-child.ts";
import type { Peer, PeerSetting, RunningPeer } from "./peer.ts";
import { postgresBooks } from "./postgres-books.ts";
import { PostgresCluster } from "./postgres-cluster.ts";
import { ensurePostgres } from "./postgres-program.ts";
import { settingsOf, type StoreKind } from "./store.ts";

const DURABILITY = "fsync and synchronous_commit on: the WAL is on disk before COMMIT answers";

export const POSTGRES_ROWS: Peer = {
  key: "postgresRows",
  name: "PostgreSQL, row locks",
  how: "gateway with a pool of 8 connections, one prepared function call and commit for each request",
  durability: DURABILITY,
  atomicity: "the request",
  isFloor: false,
  contests: ["bids", "repayments"],
  missing: missingPostgres,
  start: (setting) => start("postgresRows", setting),
};

export const POSTGRES_BATCH: Peer = {
  key: "postgresBatch",
  name: "PostgreSQL, batching gateway",
  how: "gateway that gives all waiting requests to one set-based call; a second beside it if large",
  durability: DURABILITY,
  atomicity: "the batch",
  isFloor: false,
  contests: ["bids", "repayments"],
  missing: missingPostgres,
  start: (setting) => start("postgresBatch", setting),
};

function missingPostgres(mayInstall: boolean, say: (text: string) => void): Promise<string | null> {
  return Promise.resolve(ensurePostgres(mayInstall, say));
}

async function start(kind: StoreKind, setting: PeerSetting): Promise<RunningPeer> {
  const { folder, world } = setting;
  const cluster = await PostgresCluster.start(join(folder, "postgres"));
  try {
    await cluster.create(world);
    const gateway = await GatewayChild.start(settingsOf(kind, cluster.socketFolder, world));
    return {
      target: {
        endpoint: { host: "127.0.0.1", port: gateway.port, path: "/" },
        pid: gateway.pid,
        // Backends come with the gateway's connections and stay as long as these.
        get redisPids() {
          return [cluster.pid, ...descendantsOf(cluster.pid, /^postgres/)];
        },
      },
      direct: (job) => gateway.direct(job),
      books: () => postgresBooks(cluster),
      stored: null,
      failure: () => gateway.failure,
      stop: async () => {
        await gateway.stop();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
