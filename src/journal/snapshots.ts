// Writes snapshots of actors, as the owner of the shard and only as long as it is the owner: the
// function in Redis refuses every epoch but the last, and never replaces a newer position. What is
// written must be committed already; that is for the caller to know.

import { assert } from "../money/assert.ts";
import { RedisReplyError, type Argument } from "./connection.ts";
import { JournalError, unavailable } from "./errors.ts";
import { FUNCTIONS } from "./functions.ts";
import { fencedHead } from "./head.ts";
import type { ShardKeys } from "./keys.ts";
import type { MacChain } from "./mac-chain.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import { partField, sealSnapshot, type Snapshot } from "./snapshot-format.ts";
import type { SnapshotReader } from "./snapshot-reader.ts";

export interface SnapshotItem {
  /** The main field. It must not contain `#`, which names parts. */
  readonly field: string;
  /** Number of the journal's record up to which the state is: a safe integer. */
  readonly position: number;
  readonly payload: Uint8Array;
  /** Numbered parts that changed; null deletes one. They share the fate of the main field. */
  readonly parts?: readonly (readonly [partNo: number, payload: Uint8Array | null])[];
}

export interface SnapshotStoreOptions {
  readonly link: OnDemandLink;
  readonly reader: SnapshotReader;
  readonly keys: ShardKeys;
  readonly chain: MacChain;
  readonly epoch: number;
  readonly callBytesMax: number;
  /** The head has another epoch: a later owner has taken over, or Redis went back. */
  onFenced(head: string): void;
}

export class SnapshotStore {
  readonly #options: SnapshotStoreOptions;

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
  }

  /**
   * Writes in calls of bounded size, one at a time; an actor and its parts are always in one call.
   * Resolves to how many actors were written: one with a newer position stored is passed over.
   * Rejects with JournalError `fenced`, or `unavailable`, in which case the same items may simply
   * be written again.
   */
  async write(items: readonly SnapshotItem[]): Promise<number> {
    const { callBytesMax } = this.#options;
    let written = 0;
    let args: Argument[] = [];
    let bytes = 0;
    for (const item of items) {
      const sealed = this.#seal(item);
      const itemBytes = sealed.reduce<number>((sum, arg) => sum + byteLength(arg), 0);
      if (args.length > 0 && bytes + itemBytes > callBytesMax) {
        written += await this.#call(args);
        args = [];
        bytes = 0;
      }
      args.push(...sealed);
      bytes += itemBytes;
    }
    if (args.length > 0) written += await this.#call(args);
    return written;
  }

  #seal({ field, position, payload, parts = [] }: SnapshotItem): Argument[] {
    const { chain } = this.#options;
    assert(!field.includes("#"), "a main field does not look like a part");
    const args: Argument[] = [field, sealSnapshot(chain, field, position, payload), parts.length];
    for (const [partNo, part] of parts) {
      const name = partField(field, partNo);
      args.push(name, part === null ? "" : sealSnapshot(chain, name, position, part));
    }
    return args;
  }

  async #call(items: readonly Argument[]): Promise<number> {
    const { link, keys, epoch, onFenced } = this.#options;
    try {
      const args = [FUNCTIONS.snapshot, 2, keys.head, keys.snapshots, epoch, ...items];
      return (await link.call("FCALL", ...args)) as number;
    } catch (error) {
      throw translate(error, onFenced);
    }
  }

  read(field: string): Promise<Snapshot | null> {
    return this.#options.reader.read(field);
  }

  readMany(fields: readonly string[]): Promise<(Snapshot | null)[]> {
    return this.#options.reader.readMany(fields);
  }

  readParts(field: string, partNos: readonly number[]): Promise<Map<number, Buffer>> {
    return this.#options.reader.readParts(field, partNos);
  }

  scan(): AsyncGenerator<Snapshot & { readonly field: string }> {
    return this.#options.reader.scan();
  }

  count(): Promise<number> {
    return this.#options.reader.count();
  }
}

/** What a function that checks the epoch refused with, as a JournalError. */
export function translate(error: unknown, onFenced: (head: string) => void): unknown {
  if (!(error instanceof RedisReplyError)) return error;
  const head = fencedHead(error.message);
  if (head === undefined) return unavailable(error);
  onFenced(head);
  return new JournalError("fenced", `the head is ${head === "" ? "absent" : head.split(":")[0]}`);
}

function byteLength(argument: Argument): number {
  return typeof argument === "number" ? 8 : argument.length;
}
