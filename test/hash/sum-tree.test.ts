// The laws of receipts: every leg of a clearing is provably in it, and nothing else is.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOfHex, hexOf } from "../../src/hash/hex.ts";
import { SumTree, leafHash, rootHash, topOf, type SumNode } from "../../src/hash/sum-tree.ts";

function grown(leaves: readonly string[], sums: readonly number[]): SumTree {
  const hashes = new Uint8Array(leaves.length * 32);
  leaves.forEach((leaf, at) => hashes.set(leafHash(Buffer.from(leaf)), at * 32));
  const growing = SumTree.grow(hashes, Float64Array.from(sums));
  for (;;) {
    const { done, value } = growing.next();
    if (done === true) return value;
  }
}

/** The slow and obvious twin: RFC 6962's own recursion, with node's hash. */
function twin(leaves: readonly string[], sums: readonly number[]): SumNode {
  if (leaves.length === 1) {
    return { hash: sha256(Buffer.of(0), Buffer.from(leaves[0]!)), sum: sums[0]! };
  }
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  const left = twin(leaves.slice(0, half), sums.slice(0, half));
  const right = twin(leaves.slice(half), sums.slice(half));
  const parts = [left.hash, eight(left.sum), right.hash, eight(right.sum)];
  return { hash: sha256(Buffer.of(1), ...parts), sum: left.sum + right.sum };
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  return createHash("sha256").update(Buffer.concat(parts)).digest();
}

function eight(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

const sum = fc.oneof(fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40), fc.nat());
const forest = fc
  .array(fc.tuple(fc.string({ maxLength: 8 }), sum), { minLength: 1, maxLength: 40 })
  .map((rows) => ({
    leaves: rows.map(([text], at) => `${at}:${text}`),
    sums: rows.map(([, each]) => each),
  }));
const place = fc.nat();

describe("Sum tree", () => {
  test("has the shape and the hashes of RFC 6962, with the sums in its nodes", () => {
    fc.assert(
      fc.property(forest, ({ leaves, sums }) => {
        const tree = grown(leaves, sums);
        const { hash, sum: total } = twin(leaves, sums);
        expect(hexOf(tree.top.hash)).toBe(Buffer.from(hash).toString("hex"));
        expect(tree.top.sum).toBe(total);
        const root = sha256(Buffer.of(2), eight(leaves.length), eight(total), hash);
        expect(hexOf(tree.root)).toBe(root.toString("hex"));
      }),
    );
  });

  test("every leaf leads to the top by its path", () => {
    fc.assert(
      fc.property(forest, ({ leaves, sums }) => {
        const tree = grown(leaves, sums);
        leaves.forEach((leaf, index) => {
          const node = { hash: leafHash(Buffer.from(leaf)), sum: sums[index]! };
          expect(topOf(node, index, leaves.length, tree.pathOf(index))).toEqual(tree.top);
        });
      }),
    );
  });

  function accepts(
    tree: SumTree,
    leaf: SumNode,
    index: number,
    count: number,
    path: readonly SumNode[],
  ): boolean {
    const top = topOf(leaf, index, count, path);
    return top !== null && hexOf(rootHash(count, top)) === hexOf(tree.root);
  }

  test("no other leaf, sum, place, number of leaves or path leads to its root", () => {
    fc.assert(
      fc.property(forest, place, place, fc.integer({ min: 1, max: 255 }), (all, a, b, flip) => {
        const { leaves, sums } = all;
        const count = leaves.length;
        const tree = grown(leaves, sums);
        const index = a % count;
        const leaf = { hash: leafHash(Buffer.from(leaves[index]!)), sum: sums[index]! };
        const path = tree.pathOf(index);
        expect(accepts(tree, leaf, index, count, path)).toBe(true);
        const no = (...changed: [SumNode, number, number, readonly SumNode[]]): void =>
          expect(accepts(tree, ...changed)).toBe(false);
        no({ ...leaf, hash: flipped(leaf.hash, b, flip) }, index, count, path);
        // A single leaf has its sum in the root alone.
        no({ ...leaf, sum: leaf.sum + flip }, index, count, path);
        if (leaf.sum > 0) no({ ...leaf, sum: leaf.sum - 1 }, index, count, path);
        for (const other of [index + 1, index - 1]) no(leaf, other, count, path);
        for (const other of [count + 1, count - 1, count * 2]) no(leaf, index, other, path);
        no(leaf, index, count, [...path, leaf]);
        path.forEach((node, at) => {
          const put = (changed: SumNode): SumNode[] => path.with(at, changed);
          no(leaf, index, count, put({ ...node, hash: flipped(node.hash, b, flip) }));
          no(leaf, index, count, put({ ...node, sum: node.sum + flip }));
          no(leaf, index, count, path.toSpliced(at, 1));
        });
        // One side more, the other less: the total is right, and it is found all the same.
        const [first, second] = path;
        if (first !== undefined && second !== undefined && second.sum > 0) {
          const moved = [
            { ...first, sum: first.sum + 1 },
            { ...second, sum: second.sum - 1 },
          ];
          no(leaf, index, count, [...moved, ...path.slice(2)]);
        }
        if (path.length > 1) no(leaf, index, count, path.toReversed());
      }),
    );
  });

  test("leaves in another order have another root", () => {
    fc.assert(
      fc.property(forest, ({ leaves, sums }) => {
        fc.pre(leaves.length > 1);
        const root = hexOf(grown(leaves, sums).root);
        expect(hexOf(grown(leaves.toReversed(), sums.toReversed()).root)).not.toBe(root);
      }),
    );
  });

  test("takes no sums that are none, and no path with such", () => {
    expect(() => grown([], [])).toThrow(RangeError);
    for (const bad of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      expect(() => grown(["a", "b"], [1, bad])).toThrow(RangeError);
    }
    expect(() => grown(["a", "b"], [2 ** 53 - 1, 1])).toThrow(RangeError);
    const leaf = { hash: leafHash(Buffer.from("a")), sum: 1 };
    for (const bad of [-1, 0.5, NaN, 2 ** 53 - 1]) {
      expect(topOf(leaf, 0, 2, [{ hash: leaf.hash, sum: bad }])).toBeNull();
    }
    expect(topOf(leaf, 0, 2, [{ hash: new Uint8Array(31), sum: 1 }])).toBeNull();
    expect(topOf(leaf, 0, 2 ** 53, [])).toBeNull();
    expect(topOf(leaf, 0, Number.MAX_SAFE_INTEGER, [])).toBeNull();
  });
});

function flipped(hash: Uint8Array, at: number, flip: number): Uint8Array {
  const changed = Uint8Array.from(hash);
  changed[at % 32]! ^= flip;
  return changed;
}

describe("Hexadecimal digits", () => {
  test("come back as the bytes they were", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(hexOf(bytes)).toBe(Buffer.from(bytes).toString("hex"));
        expect(bytesOfHex(hexOf(bytes))).toEqual(bytes);
      }),
    );
    for (const bad of ["0", "0g", "AB", " 0", "0x"]) expect(bytesOfHex(bad)).toBeNull();
  });
});
