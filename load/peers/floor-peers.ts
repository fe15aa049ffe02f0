// The floor of the machine: a bare uWebSockets.js server that sends every message back.

import { fork } from "node:child_process";
import { once } from "node:events";
import type { Peer, RunningPeer } from "./peer.ts";
import { rememberStarted } from "./started-processes.ts";

export const ECHO: Peer = {
  key: "echo",
  name: "floor: bare echo",
  how: "uWebSockets.js sends each message back",
  durability: "none: nothing is stored",
  atomicity: "none: nothing is decided",
  isFloor: true,
  contests: ["bids"],
  missing: () => Promise.resolve(null),
  start: startEcho,
};

async function startEcho(): Promise<RunningPeer> {
  const child = fork(new URL("../bench/echo-server.js", import.meta.url), { detached: true });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    if (child.connected) child.disconnect();
    await exited;
  };
  const ended = rememberStarted({ pid: child.pid!, stop });
  child.once("exit", ended);
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    target: { endpoint: { host: "127.0.0.1", port, path: "/" }, pid: child.pid!, redisPids: [] },
    direct: null,
    books: null,
    stored: null,
    failure: () => undefined,
    stop,
  };
}
