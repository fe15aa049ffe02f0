// Two owners of one shard, each a whole runtime on the real journal. Whoever was replaced must fall
// silent with everything that it still had in hand: nobody is told what the journal does not have,
// and nobody is shown what is no longer so.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, describe, it, onTestFinished } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import type { ActorCommand, Answer, Request } from "../../src/runtime/port.ts";
import { cellHashes } from "../../src/runtime/state-hash.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { TestRedis } from "../support/redis.ts";
import { RedisWorld, type RedisWorldOptions } from "../support/redis-world.ts";

const ROUNDS = Number(process.env["OWNER_ROUNDS"] ?? 10);
const LENDERS = Array.from({ length: 40 }, (_, at) => `lender-${at}`);
const LOAN = "spring";
const IN_FLIGHT_MAX = 200;
const LEASE_MS = 400;

/** Bids and reads without end, as many in flight as are allowed. */
class Load {
  /** All that were taken in. */
  readonly bids: { readonly request: Request; readonly lender: string }[] = [];
  readonly reads: Request[] = [];
  readonly #world: RedisWorld;
  #over = false;
  readonly #running: Promise<void>;

  constructor(world: RedisWorld) {
    this.#world = world;
    this.#running = this.#run();
    onTestFinished(() => this.end());
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#over; turn++) {
      const lender = LENDERS[turn % LENDERS.length]!;
      if (this.#world.system.inFlight < IN_FLIGHT_MAX) {
        const bid = this.#world.bid(lender, LOAN, (1 + (turn % 3)) * 100_00);
        if (bid.rejection === undefined) this.bids.push({ request: bid.request, lender });
      }
      const read = this.#world.submit({ type: "GetAccount", accountId: accountId(lender) });
      if (read.rejection === undefined) this.reads.push(read.request);
      await (turn % 4 === 0 ? sleep(1) : new Promise((resolve) => setImmediate(resolve)));
    }
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#running;
  }
}

/** Answers that show something; a refusal because the shard is away shows nothing. */
function shown(world: RedisWorld): number {
  return world.told.filter(({ answer }) => answer.type !== "Failed").length;
}

async function startRedis(): Promise<TestRedis> {
  const redis = await TestRedis.start();
  onTestFinished(() => redis.stop());
  return redis;
}

async function startWorld(options: RedisWorldOptions): Promise<RedisWorld> {
  const world = new RedisWorld({
    limits: { journalKeep: "all", checkpointMs: 20 },
    journalLimits: { leaseMs: LEASE_MS },
    ...options,
  });
  onTestFinished(() => world.crash());
  return world.start();
}

async function populate(world: RedisWorld): Promise<void> {
  await Promise.all(LENDERS.map((id) => world.openWithMoney(id, 9_000_000_00)));
  await world.listLoan(LOAN, 9_000_000_000_00);
}

async function expectSameAsReplay(world: RedisWorld): Promise<void> {
  await world.settled();
  expect((await world.audit()).violations).toEqual([]);
  await Promise.all(
    LENDERS.map((id) => world.ask({ type: "GetAccount", accountId: accountId(id) })),
  );
  await world.ask({ type: "GetLoan", loanId: loanId(LOAN) });
  const full = await world.fullReplay(0);
  const expected = cellHashes(full.cells.all());
  expect(world.hashes(0).size).toBe(LENDERS.length + 1);
  for (const [actor, hash] of world.hashes(0)) {
    expect(`${actor} ${hash}`).toBe(`${actor} ${expected.get(actor)}`);
  }
  expect(world.trialBalance(0)).toEqual(full.state.trial.totals());
}

describe("An owner that was replaced", { timeout: 60_000 }, () => {
  it("after its lease ran out: nothing that it had in hand is released, then or later", async () => {
    const redis = await startRedis();
    const proxy = await TcpProxy.start(redis);
    onTestFinished(() => proxy.stop());
    const stale = await startWorld({ url: proxy.url, owner: "stale" });
    await populate(stale);
    const load = new Load(stale);
    onTestFinished(() => load.end());
    await stale.until(() => load.bids.length > 500 && shown(stale) > 500);

    // From here on nothing of it reaches Redis, and it does not know.
    proxy.hold();
    await stale.until(() => proxy.heldBytes > 0);
    const next = await startWorld({
      url: `unix:${redis.socketPath}`,
      owner: "next",
      leaseWaitMs: 10 * LEASE_MS,
    });
    const shownBefore = shown(stale);
    const readsBefore = load.reads.length;
    const unanswered = load.bids.filter(({ request }) => stale.answerTo(request) === undefined);
    expect(unanswered.length).toBeGreaterThan(10);
    await next.until(() => next.bid("lender-1", LOAN, 500_00).rejection === undefined);

    // It is asked for more, both while it hears nothing and when its backlog is refused at last.
    await sleep(2 * LEASE_MS);
    expect(load.reads.length).toBeGreaterThan(readsBefore);
    expect(shown(stale)).toBe(shownBefore);
    proxy.deliver();
    await stale.until(() => stale.resets.length > 0);
    await sleep(LEASE_MS);
    await load.end();
    expect(shown(stale)).toBe(shownBefore);
    expect(stale.resets.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^(fenced|lease_lost)$/),
    ]);
    expect(stale.system.shard(0).status).toMatchObject({ status: "failed" });
    expect(next.system.shard(0).status).toEqual({ status: "serving" });

    // What it had in hand never was; but a bid whose hold was durable already is carried out by the
    // next owner. Asked again, each comes to one outcome.
    const states = new Set<string>();
    for (const { request } of unanswered) states.add(await outcomeOf(next, request));
    expect(states).toContain("unknown");
    expect([...states].filter((state) => state !== "unknown" && state !== "done")).toEqual([]);
    await expectFirstOutcomes(stale, next, load);
    await expectSameAsReplay(next);
  });

  it(
    `by force under load, ${ROUNDS} times: what it told stands, and it tells nothing more`,
    { timeout: 30_000 + ROUNDS * 2_000 },
    async () => {
      const redis = await startRedis();
      const url = `unix:${redis.socketPath}`;
      let owner = await startWorld({ url, owner: "owner-0" });
      await populate(owner);
      let inHand = 0;
      for (let round = 1; round <= ROUNDS; round++) {
        const load = new Load(owner);
        await owner.until(() => load.bids.length > 40 && shown(owner) > 40);
        const next = await startWorld({ url, owner: `owner-${round}`, force: true });
        const shownBefore = shown(owner);
        const told = new Set(owner.told.map(({ request }) => request));
        inHand += load.bids.filter(({ request }) => !told.has(request)).length;
        await owner.until(() => owner.resets.length > 0);
        await sleep(20);
        await load.end();
        expect(shown(owner)).toBe(shownBefore);
        expect(owner.resets).toHaveLength(1);
        const epochs = new Set(owner.told.map(({ position }) => position.epoch));
        expect([...epochs]).toEqual([round]);
        await expectFirstOutcomes(owner, next, load);
        await owner.crash();
        owner = next;
      }
      expect(inHand).toBeGreaterThan(ROUNDS);
      // The lease is that of the last one: no lease of one who is gone ends its service.
      await sleep(LEASE_MS);
      expect(owner.system.shard(0).status).toEqual({ status: "serving" });
      await expectSameAsReplay(owner);
    },
  );
});

const ATTEMPTS_MAX = 40;

async function outcomeOf(world: RedisWorld, { command, self }: Request): Promise<string> {
  if (command.type !== "PlaceBid") throw new Error("only bids are looked up");
  const { requestId } = command;
  const answer = await world.ask({ type: "GetOutcome", requestId, accountId: self });
  if (answer.type !== "RequestOutcome") throw new Error(`an outcome, not ${answer.type}`);
  return answer.view.state;
}

/** What is refused for now is asked again: the lease of an owner on a busy machine may lapse. */
async function askAsClientsDo(world: RedisWorld, request: Request, lender: string) {
  for (let attempt = 1; ; attempt++) {
    const answer = await world.ask({ ...(request.command as ActorCommand) }, lender);
    if (answer.type !== "Failed" || attempt === ATTEMPTS_MAX) return answer;
    await sleep(answer.retryAfterMs ?? 100);
  }
}

/** Asked again, the next owner gives the answer that was given; what got none gets one now. */
async function expectFirstOutcomes(owner: RedisWorld, next: RedisWorld, load: Load): Promise<void> {
  const recent = load.bids.slice(-1_000);
  const again = await Promise.all(
    recent.map(({ request, lender }) => askAsClientsDo(next, request, lender)),
  );
  for (const [at, { request }] of recent.entries()) {
    const answer: Answer | undefined = owner.answerTo(request);
    if (answer !== undefined && answer.type !== "Failed") expect(again[at]).toEqual(answer);
    else expect(again[at]!.type).toBe("BidPlaced");
  }
}
