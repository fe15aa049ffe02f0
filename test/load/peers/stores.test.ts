// One contract for every store that a peer is: the same job, honestly done. A peer that is fast
// because it forgets a check would make every comparison a lie.

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WrongState } from "../../../load/command/exit-codes.ts";
import { checkBooks, type PeerBooks, type ToldOfLoan } from "../../../load/peers/books.ts";
import { openStore } from "../../../load/peers/open-store.ts";
import { postgresBooks } from "../../../load/peers/postgres-books.ts";
import { PostgresCluster } from "../../../load/peers/postgres-cluster.ts";
import { postgresPrograms } from "../../../load/peers/postgres-program.ts";
import { redisBooks } from "../../../load/peers/redis-books.ts";
import { PeerRedis, redisProgram } from "../../../load/peers/redis-server.ts";
import {
  settingsOf,
  type PeerRequest,
  type PeerStore,
  type StoreKind,
} from "../../../load/peers/store.ts";

const LENDERS = ["ann", "bob", "cid"];
const ACCOUNTS = [...LENDERS, "owner"];
const DEPOSIT_CENTS = 1_000_000;
const SHARE_CENTS = 100_000;
const LOANS = [
  { loanId: "hot", principalCents: 1_500_000, borrowerId: null, lenders: [] },
  { loanId: "poor", principalCents: 9_000_000, borrowerId: null, lenders: [] },
  {
    loanId: "lent",
    principalCents: 3 * SHARE_CENTS,
    borrowerId: "owner",
    lenders: LENDERS,
  },
];
const WORLD = { accounts: ACCOUNTS, depositCents: DEPOSIT_CENTS, loans: LOANS };
const OK = 0;
const EXCEEDS_AVAILABLE = 303;
const EXCEEDS_REMAINING = 414;
const REQUEST_ID_REUSED = 200;
const EXCEEDS_OWED = 504;

interface Backend {
  readonly address: string;
  books(): Promise<PeerBooks>;
  /** Changes the loan `hot` behind the store's back. */
  tamper(): Promise<unknown>;
  stop(): Promise<void>;
}

const KINDS: readonly [StoreKind, boolean, (folder: string) => Promise<Backend>][] = [
  ["postgresRows", postgresPrograms() !== null, startPostgres],
  ["postgresBatch", postgresPrograms() !== null, startPostgres],
  ["redisScript", redisProgram() !== null, startRedis],
  ["redisBatch", redisProgram() !== null, startRedis],
];

async function startPostgres(folder: string): Promise<Backend> {
  const cluster = await PostgresCluster.start(join(folder, "postgres"));
  await cluster.create(WORLD);
  return {
    address: cluster.socketFolder,
    books: () => postgresBooks(cluster),
    tamper: async () => {
      const sql = cluster.connect();
      await sql`update loan set raised = raised - 1 where id = 0`;
      await sql.end();
    },
    stop: () => cluster.stop(),
  };
}

async function startRedis(folder: string): Promise<Backend> {
  const redis = await PeerRedis.start(join(folder, "redis"));
  await redis.create(WORLD);
  return {
    address: redis.socketPath,
    books: () => redisBooks(redis, LOANS.length),
    tamper: () => redis.asked("HINCRBY", "loan:0", "left", 1),
    stop: () => redis.stop(),
  };
}

describe.each(KINDS)("%s", (kind, isInstalled, startBackend) => {
  let folder = "";
  let backend: Backend;
  let store: PeerStore;
  const waiting = new Map<PeerRequest, () => void>();
  const told = LOANS.map(({ loanId, lenders }) => ({
    ...{ loanId, filledCents: 0, bids: 0, repaidCents: 0, repayments: 0, lenders: lenders.length },
  }));

  beforeAll(async () => {
    if (!isInstalled) return;
    folder = mkdtempSync(join(tmpdir(), "loanloom-peer-"));
    chmodSync(folder, 0o755);
    backend = await startBackend(folder);
    store = await openStore(settingsOf(kind, backend.address, WORLD), {
      answer: (request) => waiting.get(request)!(),
      fail: (error) => {
        throw error;
      },
    });
  });

  afterAll(async () => {
    if (!isInstalled) return;
    await store.close();
    await backend.stop();
    rmSync(folder, { recursive: true });
  });

  let ids = 0;
  const newId = (): string => `${String(++ids).padStart(6, "0")}\x70\x08\x80rest567`;

  interface Asked {
    readonly kind?: "bid" | "repayment";
    readonly by: string;
    readonly on: string;
    readonly cents: number;
    readonly id?: string;
  }

  /** All in one turn, so that a batching store has them in one batch. */
  async function ask(...asked: readonly Asked[]): Promise<readonly PeerRequest[]> {
    const requests = asked.map((each): PeerRequest => ({
      kind: each.kind ?? "bid",
      accountId: each.by,
      loanId: each.on,
      amountCents: each.cents,
      requestId: each.id ?? newId(),
      frame: new Uint8Array(0),
      ...{ errorNumber: 0, ordinal: 0, remainingCents: 0, from: null, correlationId: 0 },
    }));
    const answered = requests.map(
      (request) => new Promise<void>((resolve) => waiting.set(request, resolve)),
    );
    for (const request of requests) store.take(request);
    store.flush();
    await Promise.all(answered);
    return requests;
  }

  const outcomes = (requests: readonly PeerRequest[]): readonly number[] =>
    requests.map(({ errorNumber }) => errorNumber);

  function tell(loan: number, more: Partial<ToldOfLoan>): void {
    const before = told[loan]!;
    for (const [key, value] of Object.entries(more)) {
      const field = key as "filledCents" | "bids" | "repaidCents" | "repayments";
      before[field] += value as number;
    }
  }

  const check = async (): Promise<void> =>
    checkBooks(await backend.books(), told, ACCOUNTS.length * DEPOSIT_CENTS);

  test.runIf(isInstalled)("fills bids in their order, and holds the money", async () => {
    const bids = await ask(
      { by: "ann", on: "hot", cents: 10_000 },
      { by: "bob", on: "hot", cents: 20_000 },
      { by: "ann", on: "hot", cents: 30_000 },
    );
    expect(outcomes(bids)).toEqual([OK, OK, OK]);
    expect(bids.map(({ ordinal }) => ordinal).sort()).toEqual([1, 2, 3]);
    tell(0, { filledCents: 60_000, bids: 3 });
    await check();
  });

  test.runIf(isInstalled)("answers a repeat like the first time and does it once", async () => {
    const id = newId();
    const [first] = await ask({ by: "cid", on: "hot", cents: 40_000, id });
    const [again] = await ask({ by: "cid", on: "hot", cents: 40_000, id });
    expect(again).toMatchObject({ errorNumber: OK, ordinal: first!.ordinal });
    const [other] = await ask({ by: "cid", on: "hot", cents: 50_000, id });
    expect(other!.errorNumber).toBe(REQUEST_ID_REUSED);
    tell(0, { filledCents: 40_000, bids: 1 });
    await check();
  });

  test.runIf(isInstalled)("does a request that comes twice at once only once", async () => {
    const id = newId();
    const twice = await ask(
      { by: "bob", on: "hot", cents: 50_000, id },
      { by: "bob", on: "hot", cents: 50_000, id },
      { by: "bob", on: "hot", cents: 10_000 },
    );
    expect(outcomes(twice)).toEqual([OK, OK, OK]);
    expect(twice[0]!.ordinal).toBe(twice[1]!.ordinal);
    tell(0, { filledCents: 60_000, bids: 2 });
    await check();
  });

  test.runIf(isInstalled)("refuses more than a lender has, and nothing else with it", async () => {
    const bids = await ask(
      { by: "ann", on: "poor", cents: 500_000 },
      { by: "ann", on: "poor", cents: 400_000 },
      { by: "ann", on: "poor", cents: 300_000 },
      { by: "bob", on: "poor", cents: 100_000 },
    );
    // Rows take them in any order: of ann's three only two fit, whichever.
    const refused = bids.filter(({ errorNumber }) => errorNumber === EXCEEDS_AVAILABLE);
    expect(refused).toHaveLength(1);
    expect(refused[0]!.accountId).toBe("ann");
    const done = bids.filter(({ errorNumber }) => errorNumber === OK);
    expect(done).toHaveLength(3);
    const filledCents = done.reduce((sum, { amountCents }) => sum + amountCents, 0);
    tell(1, { filledCents, bids: 3 });
    await check();
  });

  test.runIf(isInstalled)("fills the loan to the cent and refuses beyond", async () => {
    const left = 1_500_000 - told[0]!.filledCents;
    const [beyond] = await ask({ by: "cid", on: "hot", cents: left + 1 });
    expect(beyond!.errorNumber).toBe(EXCEEDS_REMAINING);
    const halves = await ask(
      { by: "bob", on: "hot", cents: left - 900_000 },
      { by: "cid", on: "hot", cents: 900_000 },
      { by: "owner", on: "hot", cents: left - 900_000 + 1 },
    );
    expect(outcomes(halves).filter((each) => each === EXCEEDS_REMAINING)).toHaveLength(1);
    const filledCents = halves
      .filter(({ errorNumber }) => errorNumber === OK)
      .reduce((sum, { amountCents }) => sum + amountCents, 0);
    tell(0, { filledCents, bids: 2 });
    await check();
  });

  test.runIf(isInstalled)("divides repayments exactly, the odd cents included", async () => {
    const id = newId();
    const amounts = [1_000, 1_001, 1_002, 7];
    for (const cents of amounts) {
      const [done] = await ask({ kind: "repayment", by: "owner", on: "lent", cents });
      expect(done!.errorNumber).toBe(OK);
    }
    const repayment = { kind: "repayment", by: "owner", on: "lent", cents: 500, id } as const;
    const [first] = await ask(repayment);
    const [again] = await ask(repayment);
    expect(again!.ordinal).toBe(first!.ordinal);
    tell(2, { repaidCents: 3_510, repayments: 5 });
    await check();
  });

  test.runIf(isInstalled)("refuses to repay more than is owed", async () => {
    const cents = 3 * SHARE_CENTS - 3_510 + 1;
    const [done] = await ask({ kind: "repayment", by: "owner", on: "lent", cents });
    expect(done!.errorNumber).toBe(EXCEEDS_OWED);
    await check();
  });

  test.runIf(isInstalled)("has no figure when a cent was changed behind its back", async () => {
    await check();
    await backend.tamper();
    await expect(check()).rejects.toThrow(WrongState);
  });
});
