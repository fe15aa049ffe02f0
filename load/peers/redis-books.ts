// Reads a Redis peer's final state, by sums over its records.

import type { LoanBooks, PeerBooks } from "./books.ts";
import type { RedisPipe } from "./redis-pipe.ts";
import type { PeerRedis } from "./redis-server.ts";

const SCAN_COUNT = 5_000;

export async function redisBooks(redis: PeerRedis, loans: number): Promise<PeerBooks> {
  const pipe = await redis.connect();
  try {
    const books: LoanBooks[] = [];
    for (let loan = 0; loan < loans; loan++) books.push(await loanBooks(pipe, loan));
    const sum = async (key: string): Promise<number> => {
      const values = (await pipe.ask("HVALS", key)) as readonly string[];
      return values.reduce((total, value) => total + Number(value), 0);
    };
    return { loans: books, availableCents: await sum("available"), heldCents: await sum("held") };
  } finally {
    pipe.close();
  }
}

async function loanBooks(pipe: RedisPipe, loan: number): Promise<LoanBooks> {
  const fields = ["left", "bids", "principal", "repaid", "repayments"];
  const [left, bids, principal, repaid, repayments] = (
    (await pipe.ask("HMGET", `loan:${loan}`, ...fields)) as readonly (string | null)[]
  ).map(Number);
  let recorded = 0;
  let recordedCents = 0;
  await eachValue(pipe, `bids:${loan}`, (record) => {
    recorded++;
    recordedCents += Number(record.split(" ")[2]);
  });
  let clearings = 0;
  let creditedCents = 0;
  let credits = 0;
  await eachValue(pipe, `clearings:${loan}`, (record) => {
    clearings++;
    const [, , ...legs] = splitHead(record);
    for (const leg of unpackIntegers(legs[0]!)) {
      credits++;
      creditedCents += leg;
    }
  });
  const isLent = Number(await pipe.ask("LLEN", `holders:${loan}`)) > 0;
  return {
    raisedCents: isLent ? 0 : principal! - left!,
    // A record that is missing shows here, one that is wrong in the sum.
    bids: bids === recorded ? recorded : -1,
    recordedCents,
    repaidCents: repaid!,
    repayments: repayments === clearings ? clearings : -1,
    creditedCents,
    credits,
  };
}

async function eachValue(
  pipe: RedisPipe,
  key: string,
  take: (value: string) => void,
): Promise<void> {
  let cursor = "0";
  // HSCAN may show a field twice while a hash is rehashed; nobody writes, and each counts once.
  const seen = new Set<string>();
  do {
    const [next, pairs] = (await pipe.ask("HSCAN", key, cursor, "COUNT", SCAN_COUNT)) as [
      string,
      readonly string[],
    ];
    for (let at = 0; at < pairs.length; at += 2) {
      if (seen.has(pairs[at]!)) continue;
      seen.add(pairs[at]!);
      take(pairs[at + 1]!);
    }
    cursor = next;
  } while (cursor !== "0");
}

/** "ordinal amount legs": the legs are binary and may hold spaces. */
function splitHead(record: string): readonly string[] {
  const first = record.indexOf(" ");
  const second = record.indexOf(" ", first + 1);
  return [record.slice(0, first), record.slice(first + 1, second), record.slice(second + 1)];
}

/** An array of integers as Redis's cmsgpack writes it: whole numbers in the shortest form. */
function unpackIntegers(latin1: string): readonly number[] {
  const bytes = Buffer.from(latin1, "latin1");
  const head = bytes[0]!;
  let at = head === 0xdc ? 3 : head === 0xdd ? 5 : 1;
  const integers: number[] = [];
  while (at < bytes.length) {
    const kind = bytes[at++]!;
    const sizes: Readonly<Record<number, number>> = { 0xcc: 1, 0xcd: 2, 0xce: 4, 0xd0: 1, 0xd1: 2 };
    if (kind < 0x80) {
      integers.push(kind);
    } else if (kind >= 0xe0) {
      integers.push(kind - 0x100);
    } else {
      const size = sizes[kind];
      if (size === undefined) throw new Error(`a leg of kind ${kind}`);
      integers.push(kind >= 0xd0 ? bytes.readIntBE(at, size) : bytes.readUIntBE(at, size));
      at += size;
    }
  }
  return integers;
}
