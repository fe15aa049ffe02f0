// Writes snapshots of actors, as the owner of the shard and only as long as it is the owner: the
// function in Redis refuses every epoch but the last, and never replaces a newer position. What is
// written must be committed already; that is for the caller to know. What is read is what was
// written last, or is refused (snapshot-seal.ts).

import { assert } from "../money/assert.ts";
import { sleep, type Timers } from "./clock.ts";
import { RedisReplyError, isWrongType, type Argument } from "./connection.ts";
import { JournalError, unavailable } from "./errors.ts";
import { callFunction, FUNCTIONS } from "./functions.ts";
import { fencedHead } from "./head.ts";
import type { ShardKeys } from "./keys.ts";
import type { MacChain } from "./mac-chain.ts";
import type { OnDemandLink } from "./on-demand-link.ts";
import { passAll } from "./snapshot-check.ts";
import {
  FIELD_BYTES_MAX,
  macOf,
  partField,
  positionDigits,
  SEAL_FIELD,
  sealSnapshot,
  type Snapshot,
} from "./snapshot-format.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { SnapshotSeal, type FieldMac } from "./snapshot-seal.ts";

export interface SnapshotItem {
  /** The main field. It must not contain `#`, which names parts. */
  readonly field: string;
  /** Number of the journal's record up to which the state is: a safe integer. */
  readonly position: number;
  readonly payload: Uint8Array;
  /** Numbered parts that changed; null deletes one. They share the fate of the main field. */
  readonly parts?: readonly (readonly [partNo: number, payload: Uint8Array | null])[];
}

export interface SnapshotStoreOptions extends Refusals {
  /** For writing, and ... */
  readonly link: OnDemandLink;
  /** ... for reading. */
  readonly reads: OnDemandLink;
  readonly keys: ShardKeys;
  readonly chain: MacChain;
  readonly epoch: number;
  readonly callBytesMax: number;
  readonly timers: Timers;
  /** What is stored is not what was written last. */
  onTampered(detail: string): void;
}

/** Why a function that writes for an owner may refuse for good. */
export interface Refusals {
  /** The head has another epoch: a later owner has taken over, or Redis went back. */
  onFenced(head: string): void;
  /** Redis went back to older snapshots: this life cannot go on with them. */
  onBehind(detail: string): void;
}

interface Sealed {
  readonly args: readonly Argument[];
  readonly fields: readonly FieldMac[];
  readonly bytes: number;
}

/** What a field of a part has besides: a mark and a number. */
const PART_BYTES_MAX = 17;
const CHECK_AGAIN_MS = 1_000;
const WENT_BACK = "Redis went back to older snapshots";

export class SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  readonly #seal: SnapshotSeal;
  /** Compares what it reads with what was written last; the other one only opens it. */
  readonly #reader: SnapshotReader;
  readonly #plainReader: SnapshotReader;
  #begun: Promise<void> | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: SnapshotStoreOptions) {
    const { reads, keys, chain } = options;
    this.#options = options;
    this.#seal = new SnapshotSeal(chain);
    this.#plainReader = new SnapshotReader(reads, keys, chain);
    this.#reader = new SnapshotReader(reads, keys, chain, (found) => {
      const why = this.#seal.read(found);
      if (why !== undefined) throw new NotTheLast(why);
    });
  }

  /** Whether what is written now is sealed; known once anything was read. */
  get isSealed(): boolean {
    return this.#seal.isSealed;
  }

  /** All was looked at and is what was written last. */
  get isChecked(): boolean {
    return this.#seal.isChecked;
  }

  /** The least that the seal of what was acknowledged can be, as the functions take it. */
  get sealLeast(): string {
    return this.#seal.number === 0 ? "" : positionDigits(this.#seal.number);
  }

  /**
   * Writes in calls of bounded size, one at a time; an actor and its parts are always in one call,
   * and the seal of what is there then. Resolves to how many actors were written. Rejects with
   * JournalError `tampered` when a newer one is there, which nobody wrote, `fenced`, or
   * `unavailable`, in which case the same items may simply be written again: also when Redis went
   * back, of which `onBehind` is told.
   */
  write(items: readonly SnapshotItem[]): Promise<number> {
    // Each seal rests on the one before.
    const written = this.#writing.then(() => this.#write(items));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #write(items: readonly SnapshotItem[]): Promise<number> {
    await this.#begin();
    const { callBytesMax } = this.#options;
    let written = 0;
    let batch: Sealed[] = [];
    let bytes = 0;
    for (const item of items) {
      const sealed = this.#sealed(item);
      if (batch.length > 0 && bytes + sealed.bytes > callBytesMax) {
        written += await this.#call(batch);
        batch = [];
        bytes = 0;
      }
      batch.push(sealed);
      bytes += sealed.bytes;
    }
    if (batch.length > 0) written += await this.#call(batch);
    return written;
  }

  #sealed({ field, position, payload, parts = [] }: SnapshotItem): Sealed {
    const { chain } = this.#options;
    assert(!field.includes("#") && field !== SEAL_FIELD, "a main field looks like no other");
    assert(byteLength(field) + PART_BYTES_MAX <= FIELD_BYTES_MAX, "a field is not too long");
    const main = sealSnapshot(chain, field, position, payload);
    const args: Argument[] = [field, main, parts.length];
    const fields: FieldMac[] = [{ field, mac: macOf(main) }];
    for (const [partNo, part] of parts) {
      const name = partField(field, partNo);
      const value = part === null ? null : sealSnapshot(chain, name, position, part);
      args.push(name, value ?? "");
      fields.push({ field: name, mac: value === null ? null : macOf(value) });
    }
    return { args, fields, bytes: args.reduce<number>((sum, arg) => sum + byteLength(arg), 0) };
  }

  async #call(batch: readonly Sealed[]): Promise<number> {
    const { link, keys, epoch, onTampered } = this.#options;
    const stage = this.#seal.stage(batch.flatMap(({ fields }) => fields));
    const seal = stage.value === null ? [] : [SEAL_FIELD, stage.value, 0];
    const items = [...batch.flatMap(({ args }) => args), ...seal];
    const args = [2, keys.head, keys.snapshots, epoch, ...items, this.sealLeast];
    let written: number;
    try {
      written = (await link.use((connection) =>
        callFunction(connection, FUNCTIONS.snapshotOn, args),
      )) as number;
    } catch (error) {
      throw translate(error, this.#options);
    }
    const seals = seal.length === 0 ? 0 : 1;
    if (written !== batch.length + seals) {
      const detail = "a snapshot is stored that is newer than any that was written";
      onTampered(detail);
      throw new JournalError("tampered", detail);
    }
    this.#seal.written(stage);
    return batch.length;
  }

  #begin(): Promise<void> {
    this.#begun ??= this.#readSeal().catch((error: unknown) => {
      this.#begun = undefined;
      throw error;
    });
    return this.#begun;
  }

  async #readSeal(): Promise<void> {
    const stored = await this.#plainReader.read(SEAL_FIELD);
    this.#seal.begin(stored, stored === null ? await this.#plainReader.count() : 0);
  }

  /** Null when there is none. Rejects as `readMany`. */
  read(field: string): Promise<Snapshot | null> {
    return this.#judged(() => this.#reader.read(field));
  }

  /**
   * Rejects with JournalError `unavailable`; `tampered` also for an authentic one that is not the
   * last. When that is so because Redis went back, `onBehind` is told and it is `unavailable`.
   */
  readMany(fields: readonly string[]): Promise<(Snapshot | null)[]> {
    return this.#judged(() => this.#reader.readMany(fields));
  }

  readParts(field: string, partNos: readonly number[]): Promise<Map<number, Buffer>> {
    return this.#judged(() => this.#reader.readParts(field, partNos));
  }

  async #judged<Result>(read: () => Promise<Result>): Promise<Result> {
    await this.#begin();
    try {
      return await read();
    } catch (error) {
      if (error instanceof NotTheLast) throw await this.#judge(error.message);
      throw error;
    }
  }

  /** A failover can lose snapshots and their seal with them, since nobody waits for replicas. */
  async #judge(detail: string): Promise<JournalError> {
    const stored = await this.#plainReader.read(SEAL_FIELD);
    const isBehind = (stored?.position ?? 0) < this.#seal.number;
    if (!isBehind) return new JournalError("tampered", detail);
    this.#options.onBehind(WENT_BACK);
    return new JournalError("unavailable", detail);
  }

  /**
   * Begins to look at all there is; it takes its time, and tells only what is wrong. `onFailed` is
   * told why it could not be looked at, when that is another reason than before; it is tried again.
   */
  checkAll(onFailed: (error: Error) => void): void {
    void this.#checkAll(onFailed);
  }

  async #checkAll(onFailed: (error: Error) => void): Promise<void> {
    const { reads, keys, timers, onTampered } = this.#options;
    let failedBefore = "";
    for (;;) {
      try {
        await this.#begin();
        if (this.#seal.isChecked) return;
        await reads.use((connection) => passAll(connection, keys.snapshots, this.#seal, timers));
        const why = this.#seal.checked();
        if (why === undefined) return;
        const { code, message } = await this.#judge(why);
        if (code === "tampered") onTampered(message);
        return;
      } catch (caught) {
        const error = caught as Error;
        const code = error instanceof JournalError ? error.code : undefined;
        if (code === "closed") return;
        if (code === "tampered" || isWrongType(error)) return onTampered(error.message);
        if (error.message !== failedBefore) onFailed(error);
        failedBefore = error.message;
        await sleep(timers, CHECK_AGAIN_MS);
      }
    }
  }

  scan(): AsyncGenerator<Snapshot & { readonly field: string }> {
    return this.#plainReader.scan();
  }

  count(): Promise<number> {
    return this.#plainReader.count();
  }
}

/** Authentic, and not what it should be. */
class NotTheLast extends Error {}

/** What a function that writes for an owner refused with, as a JournalError. */
export function translate(error: unknown, { onFenced, onBehind }: Refusals): unknown {
  if (!(error instanceof RedisReplyError)) return error;
  if (error.message.startsWith("BEHIND ")) {
    onBehind(WENT_BACK);
    return new JournalError("unavailable", WENT_BACK);
  }
  const head = fencedHead(error.message);
  if (head === undefined) return unavailable(error);
  onFenced(head);
  return new JournalError("fenced", `the head is ${head === "" ? "absent" : head.split(":")[0]}`);
}

function byteLength(argument: Argument): number {
  return typeof argument === "number" ? 8 : argument.length;
}
