// Anchors as files: one for each shard, in a folder that is best not on the machine of Redis. A
// file is replaced whole and durably, so a crash leaves the old one or the new one. Nobody can make
// one, or take another shard's, without the key.
//
// Several servers may share the folder: none puts back what another one has put forward. Between
// the look and the rename one could, by microseconds; an anchor that is older than it might be
// finds less, and accuses nobody.

import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../disk/make-folder.ts";
import { syncFolder } from "../disk/sync-folder.ts";
import type { Anchor, Anchors } from "./anchor.ts";
import { systemClock, type Clock } from "./clock.ts";
import { JournalError } from "./errors.ts";
import { MAC_BYTES, MacChain, sameMac, type ChainPoint } from "./mac-chain.ts";
import { comparePositions, formatPosition, tryParsePosition } from "./position.ts";

export interface AnchorFolderOptions {
  /** Made when it is absent. */
  readonly folder: string;
  /** That of the journal. */
  readonly macKey: Uint8Array;
  readonly clock?: Clock;
}

const FORMAT = 1;
/** A larger file is none of ours. */
const BYTES_MAX = 1_024;
/**
 * What a crash left half-written is removed when it is older, in ms: another server may be writing.
 */
const LEFTOVER_MS = 60_000;

export class AnchorFolder implements Anchors {
  readonly #folder: string;
  readonly #macKey: Uint8Array;
  readonly #clock: Clock;
  readonly #chains = new Map<number, MacChain>();
  /** One access at a time, of all shards: a disk that hangs holds one of Node's four threads. */
  #last: Promise<void> = Promise.resolve();
  #isMade = false;

  constructor({ folder, macKey, clock = systemClock }: AnchorFolderOptions) {
    this.#folder = folder;
    this.#macKey = macKey;
    this.#clock = clock;
  }

  nameOf(shard: number): string {
    return join(this.#folder, `shard-${shard}.anchor`);
  }

  read(shard: number): Promise<Anchor | null> {
    return this.#inTurn(shard, () => this.#read(shard));
  }

  async #read(shard: number): Promise<Anchor | null> {
    const text = await readSmall(this.nameOf(shard)).catch((error: unknown) => {
      throw unavailable(`${this.nameOf(shard)} cannot be read`, error);
    });
    if (text === null) return null;
    const anchor = this.#parse(shard, text);
    if (anchor === undefined) throw this.#invalid(shard);
    return anchor;
  }

  write(shard: number, point: ChainPoint): Promise<void> {
    return this.#inTurn(shard, async () => {
      const there = await this.#read(shard);
      const ahead = there === null ? -1 : comparePositions(there.position, point.position);
      if (ahead > 0) throw this.#isAhead(shard, there!, point);
      if (ahead < 0) await this.#put(shard, point);
    });
  }

  replace(shard: number, point: ChainPoint): Promise<void> {
    return this.#inTurn(shard, () => this.#put(shard, point));
  }

  async #inTurn<Result>(shard: number, access: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(access);
    this.#last = done.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await done;
    } catch (error) {
      throw error instanceof JournalError
        ? error
        : unavailable(`${this.nameOf(shard)} cannot be written`, error);
    }
  }

  async #put(shard: number, point: ChainPoint): Promise<void> {
    await this.#make();
    const path = this.nameOf(shard);
    const draft = `${path}.${randomBytes(6).toString("hex")}`;
    try {
      const file = await open(draft, "wx");
      try {
        await file.writeFile(this.#format(shard, point));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    } catch (error) {
      // Perhaps the folder is gone.
      this.#isMade = false;
      await rm(draft, { force: true }).catch(() => undefined);
      throw error;
    }
    await syncFolder(this.#folder);
  }

  async #make(): Promise<void> {
    if (this.#isMade) return;
    await makeFolder(this.#folder);
    for (const name of await readdir(this.#folder)) {
      if (!/^shard-\d+\.anchor\.[0-9a-f]{12}$/.test(name)) continue;
      const path = join(this.#folder, name);
      const writtenMs = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => Infinity,
      );
      if (writtenMs < this.#clock.wallMs() - LEFTOVER_MS) await rm(path, { force: true });
    }
    this.#isMade = true;
  }

  #format(shard: number, point: ChainPoint): string {
    const atMs = this.#clock.wallMs();
    const fields = {
      format: FORMAT,
      shard,
      position: formatPosition(point.position),
      entryMac: point.mac.toString("hex"),
      atMs,
      mac: this.#chainOf(shard).ofAnchor(point, atMs).toString("hex"),
    };
    return `${JSON.stringify(fields)}\n`;
  }

  /** Undefined when it is not what this key has written for this shard. */
  #parse(shard: number, text: string): Anchor | undefined {
    const fields = fieldsOf(text);
    if (fields?.["format"] !== FORMAT || fields["shard"] !== shard) return undefined;
    const position = tryParsePosition(String(fields["position"]));
    const [entryMac, mac] = [macOf(fields["entryMac"]), macOf(fields["mac"])];
    const atMs = fields["atMs"];
    if (position === undefined || entryMac === undefined || mac === undefined) return undefined;
    if (typeof atMs !== "number" || !Number.isSafeInteger(atMs) || atMs < 0) return undefined;
    const anchor = { position, mac: entryMac, atMs };
    return sameMac(this.#chainOf(shard).ofAnchor(anchor, atMs), mac) ? anchor : undefined;
  }

  #chainOf(shard: number): MacChain {
    let chain = this.#chains.get(shard);
    if (chain === undefined) this.#chains.set(shard, (chain = new MacChain(this.#macKey, shard)));
    return chain;
  }

  #invalid(shard: number): JournalError {
    return new JournalError(
      "anchor_invalid",
      `${this.nameOf(shard)} is no anchor of shard ${shard} by this key: it was changed, or is another ` +
        "shard's or deployment's. Whoever knows the journal to be whole puts one in its place with " +
        "`loanloom anchor accept`",
    );
  }

  #isAhead(shard: number, there: Anchor, point: ChainPoint): JournalError {
    const [theirs, ours] = [there, point].map(({ position }) => formatPosition(position));
    return new JournalError(
      "anchor_unavailable",
      `${this.nameOf(shard)} is at ${theirs} already, and we are at ${ours}: another server has taken ` +
        "over, or the journal was behind its anchor when it could not be read",
    );
  }
}

/** Null when there is no such file; cut when it is longer than it may be. */
async function readSmall(path: string): Promise<string | null> {
  let file;
  try {
    file = await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BYTES_MAX), 0, BYTES_MAX, 0);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await file.close();
  }
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function macOf(value: unknown): Buffer | undefined {
  if (typeof value !== "string" || !/^[0-9a-f]*$/.test(value)) return undefined;
  return value.length === MAC_BYTES * 2 ? Buffer.from(value, "hex") : undefined;
}

function unavailable(what: string, error: unknown): JournalError {
  return new JournalError("anchor_unavailable", `${what}: ${(error as Error).message}`);
}
