// What makes tampering visible: HMAC-SHA256 over each entry of the journal, chained through the
// entry before it, over each snapshot and each anchor. The key never leaves the process.
//
//   mac(0)  = HMAC(key, "loanloom:<shard>")
//   mac(n)  = HMAC(key, mac(n-1) | epoch as u64 | seq as u64 | payload)      all big-endian
//   snapshots have a key of their own, HMAC(key, "loanloom:<shard>:snapshots"), and
//   mac     = HMAC(that key, length of field as u32 | field | position as u64 | payload)
//   anchors have HMAC(key, "loanloom:<shard>:anchor"), and
//   mac     = HMAC(that key, epoch as u64 | seq as u64 | time as u64 | mac of that entry)
//   the seal of snapshots has HMAC(key, "loanloom:<shard>:seal"), and
//   digest  = first 8 bytes of HMAC(that key, "f" | field, or "m" | mac, or "n" | nonce)
//
// Position and lengths have a fixed width: no two inputs can be the same bytes by accident.

import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from "node:crypto";
import { assert } from "../money/assert.ts";
import { ORIGIN, type Position } from "./position.ts";
import { SHORT_BYTES_MAX, ShortHmac } from "./short-hmac.ts";

export const MAC_BYTES = 32;
const KEY_BYTES_MIN = 16;
const DIGEST_BYTES = 8;
const OF_FIELD = Buffer.from("f");
const OF_MAC = Buffer.from("m");
const OF_NONCE = Buffer.from("n");

/** A place in the chain from which it can be checked onwards. */
export interface ChainPoint {
  readonly position: Position;
  readonly mac: Buffer;
}

export class MacChain {
  readonly #key: KeyObject;
  readonly #snapshotKey: KeyObject;
  readonly #anchorKey: KeyObject;
  readonly #shortSnapshots: ShortHmac;
  readonly #seal: ShortHmac;
  readonly #digestBytes = Buffer.alloc(DIGEST_BYTES);
  readonly #positionBytes = Buffer.alloc(16);
  /** Where the chain of this shard begins. */
  readonly genesis: ChainPoint;

  constructor(macKey: Uint8Array, shard: number) {
    assert(macKey.length >= KEY_BYTES_MIN, `a MAC key has at least ${KEY_BYTES_MIN} bytes`);
    this.#key = createSecretKey(macKey);
    const derived = (context: string): Buffer =>
      createHmac("sha256", this.#key).update(context).digest();
    const snapshotKey = derived(`loanloom:${shard}:snapshots`);
    this.#snapshotKey = createSecretKey(snapshotKey);
    this.#shortSnapshots = new ShortHmac(snapshotKey);
    this.#anchorKey = createSecretKey(derived(`loanloom:${shard}:anchor`));
    this.#seal = new ShortHmac(derived(`loanloom:${shard}:seal`));
    const mac = derived(`loanloom:${shard}`);
    this.genesis = { position: ORIGIN, mac };
  }

  next(previousMac: Uint8Array, position: Position, payload: Uint8Array): Buffer {
    assert(previousMac.length === MAC_BYTES, "a MAC has 32 bytes");
    writeSafeInteger(this.#positionBytes, position.epoch, 0);
    writeSafeInteger(this.#positionBytes, position.seq, 8);
    return createHmac("sha256", this.#key)
      .update(previousMac)
      .update(this.#positionBytes)
      .update(payload)
      .digest();
  }

  ofSnapshot(field: string, position: number, payload: Uint8Array): Buffer {
    const fieldBytes = Buffer.from(field);
    const head = Buffer.allocUnsafe(4 + fieldBytes.length + 8);
    head.writeUInt32BE(fieldBytes.length, 0);
    fieldBytes.copy(head, 4);
    writeSafeInteger(head, position, 4 + fieldBytes.length);
    if (head.length + payload.length <= SHORT_BYTES_MAX) {
      return Buffer.from(this.#shortSnapshots.of([head, payload]), "binary");
    }
    return createHmac("sha256", this.#snapshotKey).update(head).update(payload).digest();
  }

  /** What a field is known by, where nobody may choose fields that are taken for each other. */
  digestOfField(field: string): bigint {
    return this.#digest(OF_FIELD, Buffer.from(field));
  }

  /** The part of a snapshot in the set hash. */
  digestOfMac(mac: Uint8Array): bigint {
    return this.#digest(OF_MAC, mac);
  }

  /** Hides the set hash. */
  digestOfNonce(nonce: Uint8Array): bigint {
    return this.#digest(OF_NONCE, nonce);
  }

  /** Never 0, which stands for nothing. */
  #digest(what: Uint8Array, bytes: Uint8Array): bigint {
    this.#digestBytes.write(this.#seal.of([what, bytes]), 0, DIGEST_BYTES, "binary");
    return this.#digestBytes.readBigUInt64BE(0) || 1n;
  }

  ofAnchor({ position, mac }: ChainPoint, atMs: number): Buffer {
    assert(mac.length === MAC_BYTES, "a MAC has 32 bytes");
    const head = Buffer.allocUnsafe(24);
    writeSafeInteger(head, position.epoch, 0);
    writeSafeInteger(head, position.seq, 8);
    writeSafeInteger(head, atMs, 16);
    return createHmac("sha256", this.#anchorKey).update(head).update(mac).digest();
  }
}

export function sameMac(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function writeSafeInteger(to: Buffer, value: number, offset: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, `not a counting number: ${value}`);
  to.writeUInt32BE(Math.floor(value / 0x100000000), offset);
  to.writeUInt32BE(value % 0x100000000, offset + 4);
}
