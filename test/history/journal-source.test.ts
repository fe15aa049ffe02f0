// The auditor on journals in a real Redis, written by the journal
// itself and spoilt behind its back.

import { describe, expect, it, onTestFinished } from "vitest";
import { audit } from "../../src/history/audit.ts";
import { countJournals, journalSource, notOvertaken } from "../../src/history/journal-source.ts";
import type { Anchors } from "../../src/journal/anchor.ts";
import { redisConnect, type RedisConnect } from "../../src/journal/connection.ts";
import { JournalError } from "../../src/journal/errors.ts";
import { shardKeys } from "../../src/journal/keys.ts";
import { TestRedis } from "../support/redis.ts";
import { bidsOf } from "./client-requests.ts";
import { goodWorld, homeOf } from "./good-world.ts";
import { MAC_KEY, storeJournal } from "./stored-journal.ts";
import type { TestJournal } from "./made-journal.ts";

const JOURNAL = shardKeys(0).journal;

async function storedGoodWorld(): Promise<{ redis: TestRedis; journal: TestJournal }> {
  const redis = await TestRedis.start();
  onTestFinished(() => redis.stop());
  const { journal } = goodWorld();
  await storeJournal(redis, journal);
  return { redis, journal };
}

async function auditOf(
  redis: TestRedis,
  journal?: TestJournal,
  macKey: Uint8Array = MAC_KEY,
  anchors: Anchors | null = null,
) {
  const connect = redisConnect(redis.socketPath);
  const sources = [0, 1].map((shard) => journalSource({ shard, connect, macKey, anchors }));
  try {
    return await audit({
      shards: sources,
      shardOf: homeOf,
      atRest: true,
      ...(journal === undefined ? {} : { clientRequests: bidsOf(journal) }),
    });
  } finally {
    for (const source of sources) source.close();
  }
}

async function checksOf(redis: TestRedis): Promise<string[]> {
  const { violations } = await auditOf(redis);
  return violations.map(({ check, detail }) => `${check}: ${detail}`);
}

describe("Auditor: journals in Redis", () => {
  it("finds nothing in a good one, and knows how many shards there are", async () => {
    const { redis, journal } = await storedGoodWorld();
    const report = await auditOf(redis, journal);
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ ok: true, coverage: "full", clients: { lost: 0, doubled: 0 } });
    expect(report.totals).toMatchObject({ takeOvers: 4, accounts: 4, clearingCents: 0 });
    const entries = report.totals.entries;
    expect(await countJournals(redisConnect(redis.socketPath))).toEqual({ shards: 2, entries });
  });

  it("finds a wrong key, and changed bytes of an entry", async () => {
    const { redis } = await storedGoodWorld();
    const wrong = await auditOf(redis, undefined, Buffer.alloc(32, 6));
    expect(wrong.violations[0]).toMatchObject({ check: "chain_broken", shard: 0 });
    const [last] = (await redis.run("XREVRANGE", JOURNAL, "+", "-", "COUNT", 1)) as [
      [Buffer, Buffer[]],
    ];
    const [id, [, payload, , mac]] = last;
    payload![20]! ^= 1;
    await redis.run("XDEL", JOURNAL, id);
    // The stream's last id must be set back before the same id can be added again.
    const before = (await redis.run("XREVRANGE", JOURNAL, "+", "-", "COUNT", 1)) as [[Buffer]];
    await redis.run("XSETID", JOURNAL, before[0][0]);
    await redis.run("XADD", JOURNAL, id, "b", payload!, "h", mac!);
    expect(await checksOf(redis)).toContainEqual(
      `chain_broken: the MAC of ${id.toString()} is wrong`,
    );
  });

  it("tells of a wrong key, and not of an anchor that is none by this key", async () => {
    const { redis } = await storedGoodWorld();
    const anchors: Anchors = {
      nameOf: () => "an anchor",
      read: () => Promise.reject(new JournalError("anchor_invalid", "no anchor by this key")),
      write: () => Promise.resolve(),
      replace: () => Promise.resolve(),
    };
    const [wrong] = (await auditOf(redis, undefined, Buffer.alloc(32, 6), anchors)).violations;
    expect(wrong?.detail).toMatch(/is the key the one that it was written with/);
    const [anchor] = (await auditOf(redis, undefined, MAC_KEY, anchors)).violations;
    expect(anchor).toMatchObject({ check: "anchor_invalid", detail: "no anchor by this key" });
  });

  it("finds a missing entry, a cut tail and an entry behind the head", async () => {
    const missing = await storedGoodWorld();
    await missing.redis.run("XDEL", JOURNAL, "1-1");
    expect(await checksOf(missing.redis)).toContainEqual(expect.stringMatching(/^chain_broken/));
    const cut = await storedGoodWorld();
    const [[last]] = (await cut.redis.run("XREVRANGE", JOURNAL, "+", "-", "COUNT", 1)) as [
      [Buffer],
    ];
    await cut.redis.run("XDEL", JOURNAL, last);
    expect(await checksOf(cut.redis)).toContainEqual(expect.stringMatching(/^chain_broken/));
    const behind = await storedGoodWorld();
    await behind.redis.run("XADD", JOURNAL, "9-9", "b", "x", "h", Buffer.alloc(32));
    expect(await checksOf(behind.redis)).toContainEqual(
      "chain_broken: behind the head there is 9-9",
    );
  });

  it("checks a trimmed journal in part, and says so", async () => {
    const { redis } = await storedGoodWorld();
    await redis.run("XTRIM", JOURNAL, "MINID", "1-2");
    const report = await auditOf(redis);
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ ok: true, coverage: "trimmed", clients: null });
  });

  it("reads anew what is trimmed while it is read, a few times", async () => {
    const { redis } = await storedGoodWorld();
    const plain = redisConnect(redis.socketPath);
    let trims = 0;
    /** A checkpoint comes right before the first entries are asked for. */
    const connect: RedisConnect = async (purpose, shard) => {
      const connection = await plain(purpose, shard);
      return {
        peer: connection.peer,
        onClose: (closed) => connection.onClose(closed),
        close: () => connection.close(),
        send(command, args, replied) {
          if (args[0] !== JOURNAL || args[1] !== "(0-0") {
            connection.send(command, args, replied);
            return;
          }
          trims++;
          void redis
            .run("XTRIM", JOURNAL, "MINID", "1-2")
            .then(() => connection.send(command, args, replied));
        },
      };
    };
    const read = async () => {
      const sources = [0, 1].map((shard) => journalSource({ shard, connect, macKey: MAC_KEY }));
      try {
        return await audit({ shards: sources, shardOf: homeOf, atRest: false });
      } finally {
        for (const source of sources) source.close();
      }
    };
    expect(await notOvertaken(read)).toMatchObject({ ok: true, coverage: "trimmed" });
    expect(trims).toBe(1);
    const trimmed = new JournalError("trimmed", "for ever");
    let tries = 0;
    await expect(
      notOvertaken(() => {
        tries++;
        return Promise.reject(trimmed);
      }),
    ).rejects.toBe(trimmed);
    expect(tries).toBe(5);
  });

  it("rejects when Redis is away: that is no finding", async () => {
    const { redis } = await storedGoodWorld();
    await redis.kill();
    await expect(auditOf(redis)).rejects.toThrowError(JournalError);
  });
});
