// Tells whether the snapshots of a shard are those that were written last: each has a MAC, but so
// has an older one that is put back, and one that was deleted has none. Two things are kept for it:
//
// - The seal, a field among the snapshots, written in the same call as each of them, so that after
//   any crash it is the seal of what there is. It holds the XOR of a digest of each MAC: a set hash
//   that is kept up to date by what changes, whatever the number of accounts. XOR is sound here
//   because digests are outputs of a keyed function and nobody sees any, nor their sum: it is
//   masked anew each time, by a digest of a nonce (Clarke et al., "Incremental multiset hash
//   functions", 2003: MSet-XOR-Hash). So there is nothing to search for offline, and 64 bits are
//   enough: one try in 2^64 passes, and every other one halts the shard. To put back the seal as
//   well, all snapshots have to go back with it and the checkpoint among them: then the journal
//   since is replayed, or is found to be trimmed.
// - The digest that each field had when it was seen or written last, in this life
//   (digest-table.ts). Whatever is read is compared with it: what is not the last one is refused
//   at once.
//
// In a new life nothing was seen yet. What is loaded is believed on credit until all
// fields were looked at (snapshot-check.ts): then what was seen must be what was sealed.
// From then on each load is certain.

import { randomBytes } from "node:crypto";
import { DigestTable } from "./digest-table.ts";
import { JournalError } from "./errors.ts";
import type { MacChain } from "./mac-chain.ts";
import { SEAL_FIELD, sealSnapshot, type Snapshot } from "./snapshot-format.ts";

const FORMAT = 1;
const NONCE_BYTES = 16;
const DIGEST_BYTES = 8;
const ABSENT = 0n;

/** A field that is read or written, and the MAC of its value; null: there is none. */
export interface FieldMac {
  readonly field: string;
  readonly mac: Uint8Array | null;
}

/** What a call is about to write. */
export interface Stage {
  /** To be written with it; null while nobody knows what there is. */
  readonly value: Buffer | null;
  readonly changes: readonly (readonly [key: bigint, digest: bigint])[];
  /** What it changes of the sum, which may grow meanwhile by what was there before. */
  readonly delta: bigint;
}

export class SnapshotSeal {
  readonly #chain: MacChain;
  readonly #expected = new DigestTable();
  /** XOR of the digests of all fields. Of a shard that was never sealed: of what changed. */
  #sum = 0n;
  /** XOR of the digests of those that were not seen yet, as the seal has it. */
  #unseen = 0n;
  #number = 0;
  #numberGiven = 0;
  #isSealed = false;
  #isChecked = false;

  constructor(chain: MacChain) {
    this.#chain = chain;
  }

  /** `stored` is the seal; null: there is none, as in a new shard, or one of an earlier program. */
  begin(stored: Snapshot | null, fieldCount: number): void {
    if (stored !== null) {
      this.#number = stored.position;
      this.#sum = openSum(this.#chain, stored.payload);
      this.#unseen = this.#sum;
    }
    this.#isSealed = stored !== null || fieldCount === 0;
    this.#isChecked = stored === null && fieldCount === 0;
  }

  /** Whether what is written from now on is sealed. */
  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** All that is there was seen and is what was sealed. */
  get isChecked(): boolean {
    return this.#isChecked;
  }

  /** Of the last seal that is known to be written; 0: there is none yet. */
  get number(): number {
    return this.#number;
  }

  get bytes(): number {
    return this.#expected.bytes;
  }

  /** Why what was read cannot be right; undefined when it can. */
  read({ field, mac }: FieldMac): string | undefined {
    const digest = mac === null ? ABSENT : this.#chain.digestOfMac(mac);
    const key = this.#chain.digestOfField(field);
    const expected = this.#expected.get(key);
    if (expected === digest) return undefined;
    if (expected === undefined) {
      if (digest === ABSENT) return undefined;
      if (this.#isChecked) return `the snapshot ${field} was never written`;
      this.#see(key, digest);
      return undefined;
    }
    if (digest === ABSENT) return `the snapshot ${field} was deleted`;
    return `the snapshot ${field} is not the one that was written last`;
  }

  /** One that is looked at in passing: what is known of it already is not compared. */
  pass({ field, mac }: { readonly field: string; readonly mac: Uint8Array }): void {
    const key = this.#chain.digestOfField(field);
    if (this.#expected.get(key) === undefined) this.#see(key, this.#chain.digestOfMac(mac));
  }

  #see(key: bigint, digest: bigint): void {
    this.#unseen ^= digest;
    this.#expected.set(key, digest);
  }

  /** All fields were seen: why they are not those that were sealed, or undefined. */
  checked(): string | undefined {
    if (!this.#isSealed) {
      // The first time: what is there is what there is.
      this.#sum ^= this.#unseen;
      this.#unseen = 0n;
      this.#isSealed = true;
    }
    if (this.#unseen !== 0n) return "the snapshots are not those that were written last";
    this.#isChecked = true;
    return undefined;
  }

  /** Each field at most once. */
  stage(fields: readonly FieldMac[]): Stage {
    let delta = 0n;
    const changes = fields.map(({ field, mac }) => {
      const key = this.#chain.digestOfField(field);
      const digest = mac === null ? ABSENT : this.#chain.digestOfMac(mac);
      const before = this.#expected.get(key);
      delta ^= (before ?? ABSENT) ^ digest;
      // Nothing is there yet: who passes it before the call has come back must not take it for old.
      if (before === undefined) this.#expected.set(key, ABSENT);
      return [key, digest] as const;
    });
    return { value: this.#isSealed ? this.#seal(this.#sum ^ delta) : null, changes, delta };
  }

  /** Numbers are not used again: what arrives late is older than what is there. */
  #seal(sum: bigint): Buffer {
    this.#numberGiven = Math.max(this.#numberGiven, this.#number) + 1;
    const nonce = randomBytes(NONCE_BYTES);
    const payload = Buffer.alloc(1 + NONCE_BYTES + DIGEST_BYTES, FORMAT);
    nonce.copy(payload, 1);
    payload.writeBigUInt64BE(sum ^ this.#chain.digestOfNonce(nonce), 1 + NONCE_BYTES);
    return sealSnapshot(this.#chain, SEAL_FIELD, this.#numberGiven, payload);
  }

  /** It is there: what is read from now on must be it. */
  written({ value, changes, delta }: Stage): void {
    for (const [key, digest] of changes) this.#expected.set(key, digest);
    this.#sum ^= delta;
    if (value !== null) this.#number = this.#numberGiven;
  }
}

/** Throws JournalError `tampered`. */
export function openSum(chain: MacChain, payload: Buffer): bigint {
  if (payload.length !== 1 + NONCE_BYTES + DIGEST_BYTES || payload[0] !== FORMAT) {
    throw new JournalError("tampered", "the seal of the snapshots has no known format");
  }
  const nonce = payload.subarray(1, 1 + NONCE_BYTES);
  const masked = payload.readBigUInt64BE(1 + NONCE_BYTES);
  return masked ^ chain.digestOfNonce(nonce);
}
