// The laws of the chain: whatever is changed in it, and wherever, the change is found; and what is
// not changed is accepted however it is cut into chunks.

import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { walkChain, type JournalEntry } from "../../src/journal/chain-walk.ts";
import { redisConnect } from "../../src/journal/connection.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { MacChain, type ChainPoint } from "../../src/journal/mac-chain.ts";
import { OnDemandLink } from "../../src/journal/on-demand-link.ts";
import {
  follows,
  formatPosition,
  parsePosition,
  tryParsePosition,
  type Position,
} from "../../src/journal/position.ts";
import { startRedis } from "./journals.ts";

const CHAIN = new MacChain(Buffer.alloc(32, 1), 0);

type Stored = { id: string; payload: Buffer; mac: Buffer };

/** Some owners, each with a take-over entry and some batches. */
const journals = fc
  .array(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((owners) => {
    const stored: Stored[] = [];
    let last: ChainPoint = CHAIN.genesis;
    owners.forEach((batches, at) => {
      [Buffer.from("owner"), ...batches].forEach((payload, seq) => {
        const position: Position = { epoch: at + 1, seq };
        last = { position, mac: CHAIN.next(last.mac, position, payload) };
        stored.push({ id: formatPosition(position), payload: Buffer.from(payload), mac: last.mac });
      });
    });
    return { stored, head: last };
  });

/** Puts the entries into Redis, as they are, and walks them. */
async function walk(
  link: OnDemandLink,
  stored: readonly Stored[],
  through: ChainPoint,
  chunkBytes: number,
  after = CHAIN.genesis,
): Promise<JournalEntry[]> {
  const keys = shardKeys(0);
  const writes = [link.call("DEL", keys.journal)];
  for (const { id, payload, mac } of stored) {
    writes.push(link.call("XADD", keys.journal, id, "b", payload, "h", mac));
  }
  await Promise.all(writes);
  const walked: JournalEntry[] = [];
  const options = { link, keys, chain: CHAIN, after, through, chunkBytes };
  for await (const entry of walkChain(options)) walked.push(entry);
  return walked;
}

async function startLink(): Promise<OnDemandLink> {
  // Thousands of tiny writes, and nothing here is about their durability.
  const redis = await startRedis(["--appendonly", "no"]);
  const link = new OnDemandLink(redisConnect(redis.socketPath), "reads");
  onTestFinished(() => link.close());
  return link;
}

describe("the chain", () => {
  test("accepts an unchanged journal whole, in chunks of any size, from any entry on", async () => {
    const link = await startLink();
    await fc.assert(
      fc.asyncProperty(
        journals,
        fc.integer({ min: 1, max: 500 }),
        fc.nat(),
        async ({ stored, head }, chunkBytes, from) => {
          const whole = await walk(link, stored, head, chunkBytes);
          expect(whole.map(({ position }) => formatPosition(position))).toEqual(
            stored.map(({ id }) => id),
          );
          const at = from % stored.length;
          const point = { position: parsePosition(stored[at]!.id), mac: stored[at]!.mac };
          const rest = await walk(link, stored, head, chunkBytes, point);
          expect(rest.length).toBe(stored.length - at - 1);
        },
      ),
    );
  });

  test("finds every changed byte, and every entry left out, moved or repeated", async () => {
    const link = await startLink();
    await fc.assert(
      fc.asyncProperty(
        journals,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom("payload", "mac", "leave out", "exchange", "lengthen"),
        async ({ stored, head }, where, which, difference, what) => {
          const at = where % stored.length;
          const edited = stored.map((one) => ({ ...one }));
          const target = edited[at]!;
          if (what === "payload" || what === "mac") {
            const bytes = Buffer.from(target[what]);
            fc.pre(bytes.length > 0);
            bytes[which % bytes.length]! ^= difference;
            target[what] = bytes;
          } else if (what === "leave out") {
            edited.splice(at, 1);
          } else if (what === "lengthen") {
            target.payload = Buffer.concat([target.payload, Buffer.from([difference])]);
          } else {
            const other = edited[which % edited.length]!;
            fc.pre(other !== target && !other.mac.equals(target.mac));
            [target.mac, other.mac] = [other.mac, target.mac];
            [target.payload, other.payload] = [other.payload, target.payload];
          }
          await expect(walk(link, edited, head, 100)).rejects.toMatchObject({
            code: expect.stringMatching(/^(tampered|trimmed)$/) as string,
          });
        },
      ),
    );
  });

  test("depends on the shard, so that entries cannot move between shards", () => {
    const other = new MacChain(Buffer.alloc(32, 1), 1);
    expect(other.genesis.mac.equals(CHAIN.genesis.mac)).toBe(false);
    const payload = Buffer.from("x");
    expect(other.ofSnapshot("a", 1, payload).equals(CHAIN.ofSnapshot("a", 1, payload))).toBe(false);
  });

  test("is what the format says: a journal of today is verified for ever", () => {
    // Computed with another program (Python's hmac) from the description in mac-chain.ts.
    const position = { epoch: 1, seq: 0 };
    const mac = CHAIN.next(CHAIN.genesis.mac, position, Buffer.from("golden"));
    expect(CHAIN.genesis.mac.toString("hex")).toBe(
      "18e52a0b2c5dd03d3b3b28686cb675e96b5d27d9ecfe6a439bae6b89c0551b70",
    );
    expect(mac.toString("hex")).toBe(
      "48ca3c83a583bc52a8c39bcf40248e156c3353a3989f9f3c253482ff088a491d",
    );
    expect(CHAIN.ofSnapshot("a/x", 7, Buffer.from("golden")).toString("hex")).toBe(
      "5b2d63f6db9b1c99d297456378ebbfd7992a0f2b13937a765fc06124c68640a1",
    );
  });

  test("refuses a key that is too short", () => {
    expect(() => new MacChain(Buffer.alloc(15), 0)).toThrow(/at least 16 bytes/);
  });
});

describe("Position", () => {
  test("text and back, for every pair of counting numbers", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (epoch, seq) => {
        expect(parsePosition(formatPosition({ epoch, seq }))).toEqual({ epoch, seq });
      }),
    );
  });

  test.each(["", "1", "1-", "-1", "01-1", "1-01", "1-1-1", "1.0-1", "9007199254740993-0", " 1-1"])(
    "%j is no position",
    (text) => {
      expect(tryParsePosition(text)).toBeUndefined();
      expect(() => parsePosition(text)).toThrow(/not a position/);
    },
  );

  test("follows only the next number, or the fence of the next epoch", () => {
    expect(follows({ epoch: 1, seq: 5 }, { epoch: 1, seq: 6 })).toBe(true);
    expect(follows({ epoch: 1, seq: 5 }, { epoch: 2, seq: 0 })).toBe(true);
    expect(follows({ epoch: 1, seq: 5 }, { epoch: 1, seq: 7 })).toBe(false);
    expect(follows({ epoch: 1, seq: 5 }, { epoch: 2, seq: 1 })).toBe(false);
    expect(follows({ epoch: 1, seq: 5 }, { epoch: 3, seq: 0 })).toBe(false);
    expect(follows({ epoch: 2, seq: 0 }, { epoch: 1, seq: 1 })).toBe(false);
  });
});
