// The keys of a deployment: each document has a key of its own, which is stored wrapped under one
// of these. The first wraps what is new, all of them open what is there, so a key is rotated by
// putting another before it. They never leave this file.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { assert } from "../money/assert.ts";
import { DocumentError } from "./document-error.ts";

const KEY_BYTES = 32;
export const KEY_ID_BYTES = 8;
/** Nonce, sealed key, tag. */
export const WRAPPED_BYTES = 12 + KEY_BYTES + 16;
/** Keys that may be in force at once: each look for a document may try them all. */
const KEYS_MAX = 8;
/** 128 bits: no two documents ever get one name. */
const NAME_BYTES = 16;

interface Key {
  readonly id: Buffer;
  readonly wrapping: Buffer;
  readonly naming: Buffer;
}

export interface NewKey {
  readonly keyId: Uint8Array;
  /** AES-256, for one document. */
  readonly key: Buffer;
  readonly wrapped: Uint8Array;
}

export class KeyRing {
  readonly #keys: readonly Key[];

  /** Keys of 32 bytes, the one for new documents first. The same key twice counts once. */
  constructor(keys: readonly Uint8Array[]) {
    assert(keys.length >= 1, "a deployment has a key");
    const all = keys.map(keyOf);
    this.#keys = all.filter(({ id }, at) => all.findIndex((each) => each.id.equals(id)) === at);
    assert(this.#keys.length <= KEYS_MAX, `at most ${KEYS_MAX} keys are in force`);
  }

  /** A random key, wrapped by AES-256-GCM under the newest; `context` is authenticated with it. */
  newKey(context: Uint8Array): NewKey {
    const { id, wrapping } = this.#keys[0]!;
    const key = randomBytes(KEY_BYTES);
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", wrapping, nonce);
    cipher.setAAD(Buffer.concat([context, id]));
    const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
    return { keyId: id, key, wrapped: Buffer.concat([nonce, sealed, cipher.getAuthTag()]) };
  }

  /** The document's key. Throws a DocumentError: `key_unknown`, `damaged`. */
  unwrap(keyId: Uint8Array, wrapped: Uint8Array, context: Uint8Array): Buffer {
    const found = this.#keys.find(({ id }) => timingSafeEqual(id, keyId));
    if (found === undefined) {
      throw new DocumentError("key_unknown", "sealed under a key that is not in force here");
    }
    const decipher = createDecipheriv("aes-256-gcm", found.wrapping, wrapped.subarray(0, 12));
    decipher.setAAD(Buffer.concat([context, found.id]));
    decipher.setAuthTag(wrapped.subarray(12 + KEY_BYTES));
    try {
      return Buffer.concat([
        decipher.update(wrapped.subarray(12, 12 + KEY_BYTES)),
        decipher.final(),
      ]);
    } catch {
      throw new DocumentError("damaged", "the wrapped key is not what was written");
    }
  }

  /**
   * What a document is called on disk, under each key, the newest first: without a key, a name
   * tells neither the loan nor which bytes are in it.
   */
  namesOf(loanId: string, sha256: string): readonly string[] {
    return this.#keys.map(({ naming }) => {
      const mac = createHmac("sha256", naming).update(`${loanId}\n${sha256}`).digest();
      return mac.subarray(0, NAME_BYTES).toString("hex");
    });
  }
}

/** One key for each use, so that none of them says anything of another (NIST SP 800-108). */
function keyOf(key: Uint8Array): Key {
  assert(key.length === KEY_BYTES, `a key has ${KEY_BYTES} bytes`);
  const derived = (use: string): Buffer =>
    createHmac("sha256", key).update(`loanloom documents 1 ${use}`).digest();
  const id = createHash("sha256").update(derived("id")).digest().subarray(0, KEY_ID_BYTES);
  return { id, wrapping: derived("wrapping"), naming: derived("naming") };
}
