// Restate as a peer: durable execution, with virtual objects where we have actors.

import { join } from "node:path";
import { GatewayChild } from "./gateway-child.ts";
import type { Peer, PeerSetting, RunningPeer } from "./peer.ts";
import { RestateCluster } from "./restate-cluster.ts";
import { ensureRestate } from "./restate-program.ts";
import { settingsOf } from "./store.ts";

export const RESTATE: Peer = {
  key: "restate",
  name: "Restate, virtual objects",
  how: "gateway, a call of the account's object for each bid, which calls the loan's",
  durability: "each step is in its log, fsynced, before it counts",
  atomicity: "the object's step; the two are joined by durable execution",
  isFloor: false,
  contests: ["bids"],
  missing: (mayInstall, say) => Promise.resolve(ensureRestate(mayInstall, say)),
  start,
};

async function start({ folder, world }: PeerSetting): Promise<RunningPeer> {
  // Short: its unix sockets are below it.
  const cluster = await RestateCluster.start(join(folder, "r"));
  try {
    await cluster.create(world);
    const gateway = await GatewayChild.start(settingsOf("restate", cluster.ingress, world));
    return {
      target: {
        endpoint: { host: "127.0.0.1", port: gateway.port, path: "/" },
        pid: gateway.pid,
        redisPids: cluster.pids,
      },
      direct: (job) => gateway.direct(job),
      books: () => cluster.books(world),
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
