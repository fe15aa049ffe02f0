// What the supervisor of the embedded Redis needs of the operating system: the program, a socket
// path that fits, one question to a running Redis, and whether a pid is that Redis. No ioredis
// here: it reconnects and queues, and a supervisor must see things as they are.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, constants, lstat, mkdir, readFile, readlink } from "node:fs/promises";
import { connect } from "node:net";
import { delimiter, join } from "node:path";

export type EmbeddedRedisErrorCode =
  | "redis_not_installed"
  | "redis_too_old"
  | "redis_start_failed"
  | "redis_unresponsive"
  | "redis_foreign"
  | "redis_not_durable"
  | "data_in_use"
  | "unsafe_folder";

/** The embedded Redis cannot be had; the message says in one line what to do. */
export class EmbeddedRedisError extends Error {
  override readonly name = "EmbeddedRedisError";
  readonly code: EmbeddedRedisErrorCode;

  constructor(code: EmbeddedRedisErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const PROGRAMS = ["redis-server", "valkey-server"] as const;
/** Functions came with Redis 7.0; Valkey starts at 7.2. */
const MAJOR_VERSION_MIN = 7;
/** macOS has 104 bytes with the closing zero, Linux 108. */
const SOCKET_PATH_BYTES_MAX = 103;

/** The first program on the path that is new enough. */
export async function findRedisProgram(searchPath = process.env["PATH"] ?? ""): Promise<string> {
  let tooOld: string | null = null;
  for (const name of PROGRAMS) {
    for (const folder of searchPath.split(delimiter).filter((each) => each !== "")) {
      const candidate = join(folder, name);
      if (!(await isExecutable(candidate))) continue;
      const version = await versionOf(candidate);
      if (Number.parseInt(version, 10) >= MAJOR_VERSION_MIN) return candidate;
      tooOld ??= `${candidate} is version ${version}`;
    }
  }
  if (tooOld !== null) {
    throw new EmbeddedRedisError(
      "redis_too_old",
      `${tooOld}; Loanloom needs Redis ${MAJOR_VERSION_MIN} or Valkey, or a REDIS_URL`,
    );
  }
  throw new EmbeddedRedisError(
    "redis_not_installed",
    "no redis-server or valkey-server is installed; try `npm run redis`, " +
      "`apt-get install redis-server` or `brew install redis`, or set REDIS_URL",
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** "7.0.15", or "0" when the program does not say. */
async function versionOf(program: string): Promise<string> {
  const output = await new Promise<string>((resolve) => {
    execFile(program, ["--version"], { timeout: 5_000 }, (_, stdout) => resolve(stdout));
  });
  return /v=(\d+(?:\.\d+)*)/.exec(output)?.[1] ?? "0";
}

/**
 * Where a socket of this folder is: in it, or, where that is too long for a unix socket, in a short
 * folder of the same user. It follows from the folder alone, so that the next start finds it.
 */
export async function socketPathFor(redisDir: string, name: string): Promise<string> {
  const near = join(redisDir, `${name}.sock`);
  if (Buffer.byteLength(near) <= SOCKET_PATH_BYTES_MAX) return near;
  const uid = process.getuid?.() ?? 0;
  const short = `/tmp/loanloom-${uid}`;
  await mkdir(short, { recursive: true, mode: 0o700 });
  const found = await lstat(short);
  // Others may write to /tmp: the folder could be theirs, or a link to somewhere.
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new EmbeddedRedisError(
      "unsafe_folder",
      `${short} must be a folder of this user with mode 0700; move it away, or choose a shorter ` +
        "LOANLOOM_DATA",
    );
  }
  const hash = createHash("sha256").update(redisDir).digest("hex").slice(0, 16);
  return join(short, `${hash}-${name}.sock`);
}

export type RedisReply =
  | { readonly kind: "text" | "error" | "unreachable"; readonly text: string }
  | { readonly kind: "list"; readonly text: string; readonly items: readonly string[] };

/** Asks one question over a connection of its own. Never throws: no answer is an answer too. */
export function askRedis(
  socketPath: string,
  command: readonly string[],
  withinMs: number,
): Promise<RedisReply> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let received = Buffer.alloc(0);
    const settle = (reply: RedisReply): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    };
    const timer = setTimeout(() => {
      settle({ kind: "unreachable", text: `no answer within ${withinMs} ms` });
    }, withinMs);
    socket.on("connect", () => socket.write(encoded(command)));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const reply = parsed(received.toString("utf8"));
      if (reply !== null) settle(reply);
    });
    socket.on("error", (error) => settle({ kind: "unreachable", text: error.message }));
    socket.on("close", () => settle({ kind: "unreachable", text: "connection closed" }));
  });
}

function encoded(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${command.length}\r\n${parts.join("")}`;
}

/** The few shapes that PING, INFO and CONFIG GET answer with; null while more is to come. */
function parsed(received: string): RedisReply | null {
  const lineEnd = received.indexOf("\r\n");
  if (lineEnd < 0) return null;
  const line = received.slice(1, lineEnd);
  switch (received[0]) {
    case "+":
      return { kind: "text", text: line };
    case "-":
      return { kind: "error", text: line };
    case "$": {
      const bytes = Buffer.from(received.slice(lineEnd + 2));
      const length = Number(line);
      return bytes.length < length + 2
        ? null
        : { kind: "text", text: bytes.toString("utf8", 0, length) };
    }
    case "*": {
      // Strings only: each is a line with its length and a line with its text.
      const lines = received.slice(lineEnd + 2).split("\r\n");
      const count = Number(line);
      if (lines.length <= count * 2) return null;
      const items = lines.slice(0, count * 2).filter((_, index) => index % 2 === 1);
      return { kind: "list", text: items.join(" "), items };
    }
    default:
      return { kind: "error", text: `not a Redis: ${line}` };
  }
}

/** The pid in the file, when that process is a Redis with this folder; else null. */
export async function runningPid(pidPath: string, redisDir: string): Promise<number | null> {
  const content = await readFile(pidPath, "utf8").catch(() => "");
  const pid = Number(content.trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return null;
  return (await isProcessOf(pid, redisDir)) ? pid : null;
}

/**
 * Whether the pid is a living Redis that works in this folder: pids are given again, and a zombie
 * is not alive. Without /proc (macOS) the program's name must do.
 */
export async function isProcessOf(pid: number, redisDir: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform === "linux") {
    try {
      const [status, folder] = await Promise.all([
        readFile(`/proc/${pid}/stat`, "utf8"),
        readlink(`/proc/${pid}/cwd`),
      ]);
      const state = status.slice(status.lastIndexOf(")") + 2)[0];
      return folder === redisDir && state !== "Z" && state !== "X";
    } catch (error) {
      // Without a descriptor to look with it counts as alive: only its
      // certain absence allows another.
      const { code } = error as NodeJS.ErrnoException;
      return code === "EMFILE" || code === "ENFILE";
    }
  }
  const command = await new Promise<string>((resolve) => {
    execFile("ps", ["-p", String(pid), "-o", "comm="], (_, stdout) => resolve(stdout));
  });
  return /redis-server|valkey-server/.test(command);
}
