// A Merkle tree whose nodes commit to the sums below them, so that its root proves not only that a
// leaf is in it, but also what all leaves sum to. Shape and prefixes are those of RFC 6962, 2.1:
// pairs of neighbours, and whoever has none goes up as it is.
//
//   leaf   SHA-256(0x00, bytes of the leaf)
//   node   SHA-256(0x01, left hash, left sum, right hash, right sum)
//   root   SHA-256(0x02, number of leaves, sum of all, hash of the top node)
//
// Numbers are 8 bytes, big endian. A node hashes both sums apart and not their total: with the
// total alone one side could be made larger than it is and the other smaller. The root has the
// number of leaves besides, without which a path would be good for trees of several sizes.

import { SHA256_BYTES, sha256 } from "./sha256.ts";

const NODE_BYTES = 1 + 2 * (SHA256_BYTES + 8);
const ROOT_BYTES = 1 + 2 * 8 + SHA256_BYTES;
const PREFIX = { leaf: 0, node: 1, root: 2 } as const;

export interface SumNode {
  readonly hash: Uint8Array;
  readonly sum: number;
}

interface Level {
  readonly hashes: Uint8Array;
  readonly sums: Float64Array;
}

export function leafHash(leaf: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + leaf.length);
  bytes[0] = PREFIX.leaf;
  bytes.set(leaf, 1);
  return sha256(bytes);
}

/** What a tree of so many leaves with this top node is known by. */
export function rootHash(count: number, top: SumNode): Uint8Array {
  const bytes = new Uint8Array(ROOT_BYTES);
  bytes[0] = PREFIX.root;
  const view = new DataView(bytes.buffer);
  writeCount(view, 1, count);
  writeCount(view, 9, top.sum);
  bytes.set(top.hash, 17);
  return sha256(bytes);
}

export class SumTree {
  /** Leaves first, the top last. */
  readonly #levels: Level[];

  private constructor(levels: Level[]) {
    this.#levels = levels;
  }

  /**
   * From the hashes of at least one leaf, 32 bytes each, one after the other, and their sums, which
   * are whole numbers of 0 or more and safe all together. Yields now and then, for who must not be
   * held up.
   */
  static *grow(hashes: Uint8Array, sums: Float64Array): Generator<void, SumTree> {
    if (sums.length === 0 || hashes.length !== sums.length * SHA256_BYTES) {
      throw new RangeError("a tree has leaves, each with its hash and its sum");
    }
    const levels: Level[] = [{ hashes, sums }];
    for (let level = levels[0]!; level.sums.length > 1; level = levels.at(-1)!) {
      levels.push(yield* levelAbove(level));
    }
    return new SumTree(levels);
  }

  get count(): number {
    return this.#levels[0]!.sums.length;
  }

  get top(): SumNode {
    return nodeAt(this.#levels.at(-1)!, 0);
  }

  get root(): Uint8Array {
    return rootHash(this.count, this.top);
  }

  get sizeBytes(): number {
    return this.#levels.reduce((sum, { hashes, sums }) => sum + hashes.length + sums.byteLength, 0);
  }

  /** The neighbours of a leaf and of all nodes above it, lowest first. */
  pathOf(index: number): SumNode[] {
    const path: SumNode[] = [];
    let at = index;
    for (const level of this.#levels.slice(0, -1)) {
      const neighbour = at ^ 1;
      if (neighbour < level.sums.length) path.push(nodeAt(level, neighbour));
      at >>>= 1;
    }
    return path;
  }
}

const YIELD_EVERY = 256;

function* levelAbove(level: Level): Generator<void, Level> {
  const { sums } = level;
  const count = (sums.length + 1) >>> 1;
  const above: Level = {
    hashes: new Uint8Array(count * SHA256_BYTES),
    sums: new Float64Array(count),
  };
  for (let at = 0; at < count; at++) {
    const left = nodeAt(level, 2 * at);
    const node = 2 * at + 1 < sums.length ? join(left, nodeAt(level, 2 * at + 1)) : left;
    if (node === null) throw new RangeError("all sums together are a safe integer");
    above.hashes.set(node.hash, at * SHA256_BYTES);
    above.sums[at] = node.sum;
    if (at % YIELD_EVERY === YIELD_EVERY - 1) yield;
  }
  return above;
}

function nodeAt({ hashes, sums }: Level, at: number): SumNode {
  return {
    hash: hashes.subarray(at * SHA256_BYTES, (at + 1) * SHA256_BYTES),
    sum: sums[at]!,
  };
}

/**
 * The top node that a leaf and its path lead to. Null when they cannot be of a tree of so many
 * leaves: another length, an index beyond it, a sum that is none.
 */
export function topOf(
  leaf: SumNode,
  index: number,
  count: number,
  path: readonly SumNode[],
): SumNode | null {
  if (!isCount(count) || !isCount(index) || index >= count || !isCount(leaf.sum)) return null;
  let node = leaf;
  let used = 0;
  let at = index;
  for (let width = count; width > 1; width = Math.ceil(width / 2), at = Math.floor(at / 2)) {
    const isRight = at % 2 === 1;
    if (!isRight && at + 1 === width) continue;
    const neighbour = path[used++];
    if (neighbour === undefined) return null;
    const joined = isRight ? join(neighbour, node) : join(node, neighbour);
    if (joined === null) return null;
    node = joined;
  }
  return used === path.length ? node : null;
}

const nodeBytes = new Uint8Array(NODE_BYTES);
const nodeView = new DataView(nodeBytes.buffer);

/** Null when a sum is none, or both are too much. */
function join(left: SumNode, right: SumNode): SumNode | null {
  const sum = left.sum + right.sum;
  if (!isCount(left.sum) || !isCount(right.sum) || !isCount(sum)) return null;
  if (left.hash.length !== SHA256_BYTES || right.hash.length !== SHA256_BYTES) return null;
  nodeBytes[0] = PREFIX.node;
  nodeBytes.set(left.hash, 1);
  writeCount(nodeView, 1 + SHA256_BYTES, left.sum);
  nodeBytes.set(right.hash, 9 + SHA256_BYTES);
  writeCount(nodeView, 9 + 2 * SHA256_BYTES, right.sum);
  return { hash: sha256(nodeBytes), sum };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function writeCount(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x100000000));
  view.setUint32(at + 4, value >>> 0);
}
