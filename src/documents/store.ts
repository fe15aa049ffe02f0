// The documents of loan applications, encrypted on disk. An event says which bytes belong to a
// loan; the store keeps them under (loan, SHA-256) and never decides what counts: what no event
// knows is swept away, what an event knows is never removed.

import { readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { DocumentError, documentError, errnoOf } from "./document-error.ts";
import { keptPath, makeFolders, type Folders } from "./folders.ts";
import { Incoming, keepPending } from "./incoming.ts";
import type { KeyRing } from "./key-ring.ts";
import { fileBytesOf, type Label } from "./sealed-format.ts";
import { SealedReader } from "./sealed-reader.ts";
import { Slots } from "./slots.ts";
import { createStoreCounters, type StoreCounters } from "./store-counters.ts";

export interface StoreOptions {
  readonly folder: string;
  readonly ring: KeyRing;
  /** So much of the disk stays free whatever is uploaded: the journal needs it. */
  readonly freeBytesMin: number;
}

/** What the journal says of a document: its event is durable, there is none, or nobody answered. */
export type Standing = "attached" | "absent" | "unknown";

export interface SweepReport {
  readonly found: number;
  readonly orphans: number;
  readonly undecided: number;
}

/** Node has four threads for files and tokens; half of them may wait for a disk. */
const SYNCS_MAX = 2;

export class DocumentStore {
  readonly counters: StoreCounters = createStoreCounters();
  readonly #folders: Folders;
  readonly #folder: string;
  readonly #ring: KeyRing;
  readonly #freeBytesMin: number;
  readonly #syncs = new Slots(SYNCS_MAX);
  readonly #claimed = new Set<string>();
  #reservedBytes = 0;

  private constructor({ folder, ring, freeBytesMin }: StoreOptions, folders: Folders) {
    this.#folder = folder;
    this.#ring = ring;
    this.#freeBytesMin = freeBytesMin;
    this.#folders = folders;
  }

  /** Makes the folders. Rejects with a DocumentError: `store_full`, `store_failed`. */
  static async open(options: StoreOptions): Promise<DocumentStore> {
    try {
      return new DocumentStore(options, await makeFolders(options.folder));
    } catch (fault) {
      throw documentError(fault, `the folder of documents, ${options.folder}`);
    }
  }

  /**
   * Removes what a former process did not finish. Only its owner may call it, before any `begin`.
   */
  async clearLeftovers(): Promise<void> {
    for (const name of await readdir(this.#folders.incoming)) {
      await rm(join(this.#folders.incoming, name), { force: true });
      this.counters.leftovers++;
    }
  }

  /**
   * Takes a document of the loan of at most that size in; the space for it is reserved until it is
   * kept, discarded or left. Rejects with a DocumentError: `store_full`, `store_failed`.
   */
  async begin(loanId: string, sizeBytesMax: number): Promise<Incoming> {
    const bytes = fileBytesOf(sizeBytesMax);
    this.#reservedBytes += bytes;
    const release = (): void => void (this.#reservedBytes -= bytes);
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      if (bavail * bsize - this.#reservedBytes < this.#freeBytesMin) {
        throw new DocumentError("store_full", "the disk has too little free");
      }
    } catch (fault) {
      release();
      throw documentError(fault, "the disk of the documents");
    }
    const { counters } = this;
    const parts = { ring: this.#ring, syncs: this.#syncs, counters, claimed: this.#claimed };
    return Incoming.begin({ ...parts, folders: this.#folders, release }, loanId);
  }

  /**
   * Opens the document that an event names. Rejects with a DocumentError: `missing`, `damaged`
   * (also when it is another one), `key_unknown`, `store_failed`.
   */
  async find({ loanId, sha256, sizeBytes }: Label): Promise<SealedReader> {
    try {
      const reader = await this.#openAny(this.#ring.namesOf(loanId, sha256));
      const { label } = reader;
      if (label.loanId !== loanId || label.sha256 !== sha256 || label.sizeBytes !== sizeBytes) {
        await reader.close();
        throw new DocumentError("damaged", "another document stands in its place");
      }
      return reader;
    } catch (fault) {
      this.counters.unreadable++;
      throw fault;
    }
  }

  async #openAny(names: readonly string[]): Promise<SealedReader> {
    for (const name of names) {
      const reader = await this.#openIfThere(keptPath(this.#folders, name));
      if (reader !== null) return reader;
    }
    // Between its event and its move, or when the process was killed right there.
    for (const pendingName of await this.#pendingNames()) {
      if (!names.includes(pendingName.split(".")[0]!)) continue;
      const reader = await this.#openIfThere(join(this.#folders.pending, pendingName));
      if (reader !== null) return reader;
    }
    // Moved while it was looked for.
    for (const name of names) {
      const reader = await this.#openIfThere(keptPath(this.#folders, name));
      if (reader !== null) return reader;
    }
    throw new DocumentError("missing", "no file has these bytes");
  }

  async #openIfThere(path: string): Promise<SealedReader | null> {
    try {
      return await SealedReader.open(path, this.#ring);
    } catch (fault) {
      if (fault instanceof DocumentError && fault.code === "missing") return null;
      throw fault;
    }
  }

  async #pendingNames(): Promise<readonly string[]> {
    try {
      return await readdir(this.#folders.pending);
    } catch (fault) {
      throw documentError(fault, "the folder of pending documents");
    }
  }

  /**
   * Asks of everything that is whole, but of which nobody saw the event, what became of it: keeps
   * what has an event, removes what has none, leaves what is not known. Documents that are on their
   * way are not touched. Its cost goes by what is pending, not by what is kept.
   */
  async sweep(standingOf: (label: Label) => Promise<Standing>): Promise<SweepReport> {
    let [found, orphans, undecided] = [0, 0, 0];
    for (const pendingName of await this.#pendingNames()) {
      if (this.#claimed.has(pendingName)) continue;
      const standing = await this.#standing(pendingName, standingOf);
      if (standing === "absent") {
        await rm(join(this.#folders.pending, pendingName), { force: true });
        orphans++;
      } else if (standing === "attached" && (await this.#keepFound(pendingName))) found++;
      else if (standing !== null) undecided++;
    }
    this.counters.found += found;
    this.counters.orphans += orphans;
    this.counters.undecided = undecided;
    return { found, orphans, undecided };
  }

  /** Null when it is not there any more. */
  async #standing(
    pendingName: string,
    standingOf: (label: Label) => Promise<Standing>,
  ): Promise<Standing | null> {
    let label: Label;
    try {
      const reader = await SealedReader.open(join(this.#folders.pending, pendingName), this.#ring);
      await reader.close();
      label = reader.label;
    } catch (fault) {
      // Whose it is cannot be read, so nobody can be asked; a person has to look.
      return fault instanceof DocumentError && fault.code === "missing" ? null : "unknown";
    }
    return standingOf(label);
  }

  async #keepFound(pendingName: string): Promise<boolean> {
    const name = pendingName.split(".")[0]!;
    try {
      await stat(keptPath(this.#folders, name));
      await rm(join(this.#folders.pending, pendingName), { force: true });
      return true;
    } catch (fault) {
      if (errnoOf(fault) !== "ENOENT") return false;
    }
    return keepPending(this.#folders, pendingName);
  }
}
