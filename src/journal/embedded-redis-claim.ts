// Who owns a data folder: the process that listens on the folder's owner socket. The kernel closes
// it with the process, however that ends, so a claim cannot outlive its owner as a pid file can.

import { createHash } from "node:crypto";
import { unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { EmbeddedRedisError, socketPathFor } from "./embedded-redis-probe.ts";

export interface FolderClaim {
  release(): Promise<void>;
}

const RETRY_MS = 50;

/** Claims the folder; waits up to `waitMsMax` for an owner that may be stopping. */
export async function claimFolder(redisDir: string, waitMsMax: number): Promise<FolderClaim> {
  const path = await socketPathFor(redisDir, "owner");
  const deadlineMs = performance.now() + waitMsMax;
  for (;;) {
    const server = await exclusively(redisDir, () => listenUnlessOwned(path));
    if (server !== null) {
      return { release: () => new Promise((resolve) => server.close(() => resolve())) };
    }
    if (performance.now() >= deadlineMs) {
      throw new EmbeddedRedisError(
        "data_in_use",
        `another server uses ${redisDir}; stop it, or set LOANLOOM_DATA to another folder`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/**
 * Lets one process at a time look at a dead owner's socket and replace it: two at once could each
 * remove the other's. Linux has names that only one can bind and that need no removing; elsewhere,
 * on machines of developers, nothing is done about that moment.
 */
async function exclusively(
  redisDir: string,
  task: () => Promise<Server | null>,
): Promise<Server | null> {
  if (process.platform !== "linux") return task();
  const hash = createHash("sha256").update(redisDir).digest("hex").slice(0, 32);
  const mutex = await listen(`\0loanloom-claim-${hash}`);
  if (mutex === null) return null;
  try {
    return await task();
  } finally {
    await new Promise((resolve) => mutex.close(resolve));
  }
}

async function listenUnlessOwned(path: string): Promise<Server | null> {
  const server = await listen(path);
  if (server !== null || (await isOwned(path))) return server;
  await unlink(path).catch(() => undefined);
  return listen(path);
}

/** Null when the path is taken, be it by a living owner or by a dead one's file. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isOwned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
