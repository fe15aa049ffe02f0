// A 32-bit hash of what a mutating request asks for: tells a repeat of a request id from its reuse
// with another body. It is taken from decoded values, so that both encodings have the same. It is
// stored in journals: it must never give another number for the same fields.

import { KIND, type OperationPlan } from "./plans.ts";

const NOTHING = 0x6e756c6c;

/**
 * Hash over the number of the operation and all its fields but the request id: FNV-1a for the
 * characters of a string, a round of MurmurHash3 for each word, its finalizer at the end.
 * A client that builds collisions on purpose only deceives itself: nothing is trusted to it.
 * A field that came later counts by its place, and not at all when it is left out: requests from
 * before it keep their hash.
 */
export function fingerprintOf(plan: OperationPlan, values: readonly unknown[]): number {
  const fields = plan.fields;
  let hash = mix(0, plan.number);
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const value = values[index];
    if (field.kind === KIND.requestId) continue;
    if (field.added) {
      if (value === null) continue;
      hash = mix(hash, index);
    }
    if (value === null) {
      hash = mix(hash, NOTHING);
      continue;
    }
    switch (field.kind) {
      case KIND.integer:
        hash = mixInteger(hash, value as number);
        break;
      case KIND.flag:
        hash = mix(hash, value === true ? 1 : 0);
        break;
      case KIND.choice:
        hash = mix(hash, field.choices.indexOf(value as string));
        break;
      default:
        hash = mixText(hash, value as string);
    }
  }
  return finish(hash);
}

/** One round of MurmurHash3 (x86, 32 bits). */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let h = hash ^ Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

function mixInteger(hash: number, value: number): number {
  return mix(mix(hash, value | 0), (value / 0x100000000) | 0);
}

function mixText(hash: number, text: string): number {
  let h = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return mix(mix(hash, h), text.length);
}

/** The finalizer of MurmurHash3; an unsigned number. */
function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
