// ioredis, as this room wants it. Everybody else in this room sees a connection that sends
// commands in order and says when it is lost. A connection never reconnects, never queues while it
// is down and never sends anything twice: ioredis does all three by default, and each of them
// breaks the owner's rules. Who wants to go on asks for a fresh connection.

import { isIP, type Socket } from "node:net";
import type { Writable } from "node:stream";
import { Command, Redis, ReplyError, type RedisOptions } from "ioredis";
import { ClusterMap } from "./cluster-map.ts";
import { JournalError, unavailable } from "./errors.ts";
import { shardKeys } from "./keys.ts";
import { parseRedisUrl, type HostAndPort, type RedisTarget } from "./redis-url.ts";
import { SentinelWatch } from "./sentinel-watch.ts";
import { restoreFastStrings } from "./fast-strings.ts";

restoreFastStrings();

/** Bulk strings come as Buffers, integers as numbers, nil as null. */
export type Reply = Buffer | number | null | readonly Reply[];
export type Argument = string | number | Buffer;
export type Replied = (error: Error | null, reply: Reply) => void;

/** What a connection is for; each purpose has one of its own, so that none waits for another. */
export type ConnectionPurpose = "journal" | "snapshots" | "lease" | "reads";

export interface RedisConnection {
  /** Who is at the other end, for logs: `address:port`, or the path of a socket. */
  readonly peer: string;
  /**
   * Sends now, behind whatever was sent before. `replied` is called once, after this has returned:
   * with a RedisReplyError when Redis refused, with any other error when the connection was lost
   * and nobody knows.
   */
  send(command: string, args: readonly Argument[], replied: Replied): void;
  /** Called once, when the connection is lost or closed. */
  onClose(closed: (reason: string) => void): void;
  close(): void;
}

/**
 * Makes a fresh connection that is ready for commands, or rejects with a JournalError: to where the
 * keys of the shard are, of shard 0 when it is left out. Only in a Cluster that makes a difference.
 */
export type RedisConnect = (purpose: ConnectionPurpose, shard?: number) => Promise<RedisConnection>;

const ELSEWHERE = /^(READONLY|MOVED|ASK|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|UNBLOCKED)\b/;

/** Redis answered, and the answer is an error. Its message begins with the code. */
export class RedisReplyError extends Error {
  override readonly name = "RedisReplyError";

  /** It is no master, not that of the key, or left alone: another connection may lead to who is. */
  get isElsewhere(): boolean {
    return ELSEWHERE.test(this.message);
  }
}

/** The key is there, and is not of the type that we write: somebody else has made it. */
export function isWrongType(error: unknown): error is RedisReplyError {
  return error instanceof RedisReplyError && /\bWRONGTYPE\b/.test(error.message);
}

const CONNECT_TIMEOUT_MS = 1_000;
/** Silence, with commands unanswered, after which a connection counts as lost. */
const SILENCE_MS: Readonly<Record<ConnectionPurpose, number>> = {
  journal: 1_000,
  lease: 1_000,
  snapshots: 5_000,
  reads: 10_000,
};

/**
 * `url` is what `parseRedisUrl` takes. Throws JournalError `unsupported_url` for anything else.
 * Behind Sentinels and in a Cluster each connection is to whoever is the master at that moment.
 */
export function redisConnect(url: string): RedisConnect {
  const target = parseRedisUrl(url);
  switch (target.kind) {
    case "socket":
      return (purpose) => openConnection(purpose, { path: target.path });
    case "server":
      return (purpose) => openConnection(purpose, serverOptions(target, target));
    case "sentinel": {
      const watch = new SentinelWatch(target);
      const options = sentinelOptions(target);
      return (purpose) => watch.guard(() => openMaster(purpose, options));
    }
    case "cluster": {
      const map = new ClusterMap(target.seeds, (node) =>
        openConnection("lease", serverOptions(node, target)),
      );
      return async (purpose, shard = 0) => {
        const node = await map.masterOf(shardKeys(shard).head);
        return openMaster(purpose, serverOptions(node, target));
      };
    }
  }
}

/** For who asks for the keys of one shard only. */
export function connectTo(connect: RedisConnect, shard: number): RedisConnect {
  return (purpose) => connect(purpose, shard);
}

type Target = Omit<RedisOptions, "replyMapping">;
type Common = Extract<RedisTarget, { readonly tls: boolean }>;

function serverOptions({ host, port }: HostAndPort, common: Common): Target {
  // A certificate names hosts, and an address is no name.
  const tls = isIP(host) === 0 ? { servername: host } : {};
  return { host, port, ...commonOptions(common), ...(common.tls ? { tls } : {}) };
}

function commonOptions({ db, username, password }: Common): Target {
  return {
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

function sentinelOptions(target: Extract<RedisTarget, { kind: "sentinel" }>): Target {
  const { sentinels, master, toSentinels, tls } = target;
  const { username, password } = toSentinels;
  return {
    ...commonOptions(target),
    sentinels: [...sentinels],
    // Those of the URL are asked, nobody else.
    updateSentinels: false,
    name: master,
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls ? { enableTLSForSentinelMode: true, tls: {}, sentinelTLS: {} } : {}),
  };
}

/** One that was named as the master may not be it yet, or any more. */
async function openMaster(purpose: ConnectionPurpose, target: Target): Promise<RedisConnection> {
  const connection = await openConnection(purpose, target);
  try {
    const role = (await call(connection, "ROLE")) as readonly Reply[];
    if (String(role[0]) === "master") return connection;
    throw new JournalError("unavailable", "what should be the master is a replica");
  } catch (error) {
    connection.close();
    throw unavailable(error);
  }
}

async function openConnection(
  purpose: ConnectionPurpose,
  { db = 0, ...target }: Target,
): Promise<RedisConnection> {
  const redis = new Redis({
    ...target,
    connectionName: `loanloom-${purpose}`,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_MS[purpose],
    // Never again by itself: see the top of this file.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    // Whether Redis is loading is seen in the first reply, without a round trip for it.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
    lazyConnect: true,
    // An ending connection must not linger: Redis may be stopped and never read our FIN.
    disconnectTimeout: 100,
  });
  let reason = "connection closed";
  redis.on("error", (error: Error) => {
    reason = error.message;
  });
  try {
    await redis.connect();
    // By itself ioredis would go on with database 0, where another deployment may be.
    if (db !== 0) await redis.select(db);
  } catch (error) {
    // ioredis rejects with "Connection is closed."; the cause came as an event before it.
    const why = reason === "connection closed" ? (error as Error).message : reason;
    redis.disconnect();
    throw new JournalError("unavailable", `no connection to Redis: ${why}`);
  }
  return {
    peer: peerOf(redis, target),
    send(command, args, replied) {
      const given = args as (string | number | Buffer)[];
      redis.sendCommand(
        new UncopiedCommand(command, given, { replyEncoding: null }, (error, reply) => {
          if (error === null || error === undefined) replied(null, (reply ?? null) as Reply);
          else if (error instanceof ReplyError) replied(new RedisReplyError(error.message), null);
          else replied(error, null);
        }),
      );
    },
    onClose(closed) {
      if (redis.status === "end") closed(reason);
      else redis.once("end", () => closed(reason));
    },
    close() {
      redis.disconnect();
    },
  };
}

function peerOf(redis: Redis, { path }: Target): string {
  const { remoteAddress, remotePort } = redis.stream as Socket;
  return path ?? `${remoteAddress}:${remotePort}`;
}

/** From so many bytes on, one copy costs more than what avoids it. */
const UNCOPIED_BYTES_MIN = 16 * 1024;
const CRLF = Buffer.from("\r\n");
const EMPTY = Buffer.alloc(0);
const EMPTY_ENCODED_BYTES = "$0\r\n\r\n".length;

/**
 * ioredis copies all arguments into one fresh buffer: 80 to 140 microseconds for 100 to 250 KB,
 * as much as the MAC. A large last argument is written to the socket as it is instead, in the same
 * system call as what is before and behind it.
 */
class UncopiedCommand extends Command {
  override toWritable(socket: object): string | Buffer {
    const at = this.args.length - 1;
    const large = this.args[at];
    if (!Buffer.isBuffer(large) || large.length < UNCOPIED_BYTES_MIN) {
      return super.toWritable(socket);
    }
    this.args[at] = EMPTY;
    const encoded = super.toWritable(socket) as Buffer;
    this.args[at] = large;
    const before = encoded.subarray(0, encoded.length - EMPTY_ENCODED_BYTES);
    const stream = socket as Writable;
    stream.cork();
    stream.write(Buffer.concat([before, Buffer.from(`$${large.length}\r\n`)]));
    stream.write(large);
    // What is returned is written by the caller, behind these, before the tick ends.
    process.nextTick(() => stream.uncork());
    return CRLF;
  }
}

/** One command, one answer, for what is not hot. Rejects as `Replied` describes. */
export function call(
  connection: RedisConnection,
  command: string,
  ...args: readonly Argument[]
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    connection.send(command, args, (error, reply) => {
      if (error === null) resolve(reply);
      else reject(error);
    });
  });
}
