// The sandbox's memory: JSON lines, only ever appended to, each on disk before anybody hears of
// what it says. Many lines share one fsync. A last line without its end was never acknowledged and
// is cut off; anything else that is not as it was written stops the start.

import { createHash } from "node:crypto";
import { open, realpath, type FileHandle } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname, join, basename } from "node:path";
import { makeFolder } from "../../disk/make-folder.ts";
import { syncFolder } from "../../disk/sync-folder.ts";
import { assert } from "../../money/assert.ts";
import { SandboxError } from "./sandbox-error.ts";

/** An event has some 300 bytes. */
const LINE_BYTES_MAX = 4_096;
const READ_BYTES = 1_048_576;
const NEWLINE = 0x0a;

export class EventFile {
  readonly #file: FileHandle;
  readonly #claim: Server | null;
  readonly #failed: (error: Error) => void;
  /** Appended, and not yet given to the disk. */
  #waiting: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  /** The write that will take what waits; it begins when the one under way is done. */
  #next: Promise<void> | null = null;

  private constructor(file: FileHandle, claim: Server | null, failed: (error: Error) => void) {
    this.#file = file;
    this.#claim = claim;
    this.#failed = failed;
  }

  /**
   * Opens or creates the file and gives `onLine` each of its lines. Throws SandboxError
   * `file_in_use` and `file_damaged`, and what the file system throws. `failed` is called
   * when something could not be written: what is in memory and what is on disk may differ
   * then, so the process must end.
   */
  static async open(
    path: string,
    onLine: (line: string, number: number) => void,
    failed: (error: Error) => void,
  ): Promise<EventFile> {
    await makeFolder(dirname(path), 0o700);
    const folder = await realpath(dirname(path));
    const claim = await claimed(join(folder, basename(path)));
    const file = await open(path, "a+", 0o600);
    try {
      const size = await readLines(file, onLine);
      await file.truncate(size);
      await file.sync();
      await syncFolder(folder);
      return new EventFile(file, claim, failed);
    } catch (error) {
      await file.close();
      claim?.close();
      throw error;
    }
  }

  /** Does not wait. `flushed` tells when it is on disk. */
  append(line: string): void {
    assert(line.length <= LINE_BYTES_MAX, "a line fits its limit", line.length);
    this.#waiting.push(line);
  }

  /** Resolves when all that was appended so far is on disk; never, when it could not be written. */
  flushed(): Promise<void> {
    if (this.#waiting.length === 0) return this.#writing;
    this.#next ??= this.#writing.then(() => this.#write());
    return this.#next;
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    this.#writing = this.#next!;
    this.#next = null;
    try {
      await this.#file.appendFile(`${lines.join("\n")}\n`);
      await this.#file.datasync();
    } catch (error) {
      this.#failed(error as Error);
      await new Promise(() => {});
    }
  }

  async close(): Promise<void> {
    await this.flushed();
    await this.#file.close();
    this.#claim?.close();
  }
}

/** Returns the size up to the last whole line. */
async function readLines(
  file: FileHandle,
  onLine: (line: string, number: number) => void,
): Promise<number> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let kept = 0;
  let size = 0;
  let number = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, kept, buffer.length - kept, size + kept);
    const end = kept + bytesRead;
    let from = 0;
    for (
      let to = buffer.indexOf(NEWLINE);
      to >= 0 && to < end;
      to = buffer.indexOf(NEWLINE, from)
    ) {
      onLine(buffer.toString("utf8", from, to), ++number);
      from = to + 1;
    }
    size += from;
    kept = end - from;
    if (bytesRead === 0) return size;
    if (kept > LINE_BYTES_MAX) {
      throw new SandboxError("file_damaged", `line ${number + 1} has no end`);
    }
    buffer.copy(buffer, 0, from, end);
  }
}

/**
 * Two processes that append to one file would ruin it. The owner listens on a name that the kernel
 * frees when the process ends, however it ends. Only Linux has such names; elsewhere, on machines
 * of developers, nothing is claimed.
 */
function claimed(path: string): Promise<Server | null> {
  if (process.platform !== "linux") return Promise.resolve(null);
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 32);
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === "EADDRINUSE";
      reject(isTaken ? new SandboxError("file_in_use", `another sandbox uses ${path}`) : error);
    });
    server.listen(`\0loanloom-custodian-${hash}`, () => {
      server.unref();
      resolve(server);
    });
  });
}
