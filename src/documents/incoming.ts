// One document on its way in: written sealed under a name of its own, made durable, and then kept,
// discarded, or left for the sweep to decide. It never touches another's file.

import { randomBytes } from "node:crypto";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "../disk/sync-folder.ts";
import { assert } from "../money/assert.ts";
import { documentError } from "./document-error.ts";
import { keptPath, makeKeptFolder, type Folders } from "./folders.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Label } from "./sealed-format.ts";
import { SealedWriter } from "./sealed-writer.ts";
import type { Slots } from "./slots.ts";
import type { StoreCounters } from "./store-counters.ts";

export interface IncomingParts {
  readonly folders: Folders;
  readonly ring: KeyRing;
  readonly syncs: Slots;
  readonly counters: StoreCounters;
  /** Names in `pending` that a document on its way still answers for. */
  readonly claimed: Set<string>;
  /** Gives back what was reserved on the disk. */
  readonly release: () => void;
}

export class Incoming {
  readonly #parts: IncomingParts;
  readonly #file: FileHandle;
  readonly #writer: SealedWriter;
  /** Where the bytes are. */
  #path: string;
  #pendingName: string | null = null;
  #isOver = false;

  private constructor(parts: IncomingParts, path: string, file: FileHandle, loanId: string) {
    this.#parts = parts;
    this.#path = path;
    this.#file = file;
    this.#writer = new SealedWriter(file, parts.ring, loanId);
  }

  /** Rejects with a DocumentError: `store_full`, `store_failed`. */
  static async begin(parts: IncomingParts, loanId: string): Promise<Incoming> {
    const path = join(parts.folders.incoming, randomBytes(16).toString("hex"));
    try {
      const file = await open(path, "wx", 0o600);
      parts.counters.incoming++;
      return new Incoming(parts, path, file, loanId);
    } catch (fault) {
      parts.release();
      throw documentError(fault, "a document could not be begun");
    }
  }

  get sizeBytes(): number {
    return this.#writer.sizeBytes;
  }

  /** SHA-256 of the bytes so far, in hexadecimal digits. */
  sha256(): string {
    return this.#writer.sha256();
  }

  /** One at a time. Rejects with a DocumentError: `store_full`, `store_failed`. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#writer.write(bytes);
    } catch (fault) {
      throw documentError(fault, "a document could not be written");
    }
  }

  /**
   * All bytes are there: when it resolves they survive a crash, as one whose event is still to
   * come. Rejects with a DocumentError: `store_full`, `store_failed`.
   */
  async seal(): Promise<Label> {
    assert(this.#pendingName === null, "a document is sealed once");
    const { folders, ring, syncs, claimed } = this.#parts;
    try {
      const label = await this.#writer.finish();
      const [name] = ring.namesOf(label.loanId, label.sha256);
      const pendingName = `${name}.${randomBytes(8).toString("hex")}`;
      await syncs.run(async () => {
        await this.#file.sync();
        await this.#file.close();
        claimed.add(pendingName);
        this.#pendingName = pendingName;
        const path = join(folders.pending, pendingName);
        await rename(this.#path, path);
        this.#path = path;
        await syncFolder(folders.pending);
      });
      return label;
    } catch (fault) {
      throw documentError(fault, "a document could not be made durable");
    }
  }

  /** Its event is durable. A failure is no loss: where it is, it is found too. */
  async keep(): Promise<boolean> {
    const pendingName = this.#pendingName;
    assert(pendingName !== null, "only what is sealed is kept");
    const { folders, syncs, counters } = this.#parts;
    const isKept = await syncs.run(() => keepPending(folders, pendingName));
    counters.kept++;
    await this.#end();
    return isKept;
  }

  /** It is refused or given up: no bytes stay. Does nothing after the end. */
  async discard(): Promise<void> {
    if (this.#isOver) return;
    // A file that cannot be removed now is removed by the next sweep, or the next start.
    await rm(this.#path, { force: true }).catch(() => undefined);
    this.#parts.counters.discarded++;
    await this.#end();
  }

  /** Nobody knows whether its event is durable: the sweep will ask. */
  async leave(): Promise<void> {
    await this.#end();
  }

  async #end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const { counters, claimed, release } = this.#parts;
    counters.incoming--;
    if (this.#pendingName !== null) claimed.delete(this.#pendingName);
    release();
    // Closed already when it was sealed; then this does nothing.
    await this.#file.close().catch(() => undefined);
  }
}

/** Moves a document whose event is durable to where such ones are; false when that failed. */
export async function keepPending(folders: Folders, pendingName: string): Promise<boolean> {
  const name = pendingName.split(".")[0]!;
  try {
    const keptFolder = await makeKeptFolder(folders, name);
    await rename(join(folders.pending, pendingName), keptPath(folders, name));
    await syncFolder(keptFolder);
    await syncFolder(folders.pending);
    return true;
  } catch {
    return false;
  }
}
