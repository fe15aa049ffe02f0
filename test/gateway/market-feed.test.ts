import { describe, expect, test } from "vitest";
import type { GatewayClient } from "../support/gateway-client.ts";
import { bid, eventually, type Fixture, startFixture } from "../support/gateway-fixture.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Progress {
  readonly seq: number;
  readonly raisedCents: number;
  readonly atMs: number;
}

async function watch(
  fixture: Fixture,
  subject: string,
  encoding: "msgpack" | "json",
): Promise<{ client: GatewayClient; snapshot: { seq: number }; seen: Progress[] }> {
  const client = await fixture.client(subject, { encoding });
  const seen: Progress[] = [];
  client.socket.on("message", () => {
    const last = client.received.at(-1);
    if (last?.kind !== "push" || last.push !== "loan.progress") return;
    const { seq, raisedCents } = last.view as { seq: number; raisedCents: number };
    seen.push({ seq, raisedCents, atMs: performance.now() });
  });
  const snapshot = (await client.must("loan.watch", { loanId: "promo" })) as { seq: number };
  return { client, snapshot, seen };
}

async function market(config: object = {}): Promise<{ fixture: Fixture; bidder: GatewayClient }> {
  const fixture = await startFixture({
    requestsPerSecondPerAccount: 100_000,
    requestBurstPerAccount: 100_000,
    ...config,
  });
  await fixture.fund("alice", 1_000_000);
  await fixture.list("promo", 1_000_000);
  return { fixture, bidder: await fixture.client("alice") };
}

describe("Market feed", () => {
  test("conflates a burst to some ten pushes a second; the last one is the truth", async () => {
    const { fixture, bidder } = await market();
    const watchers = [await watch(fixture, "bob", "msgpack"), await watch(fixture, "eve", "json")];
    const startMs = performance.now();
    let bids = 0;
    while (performance.now() - startMs < 1_500) {
      await bidder.must("bid.place", bid("promo", 100));
      bids++;
    }
    await sleep(250);
    expect(bids).toBeGreaterThan(100);
    const raisedCents = bids * 100;
    for (const { seen } of watchers) {
      expect(seen.length).toBeGreaterThan(8);
      expect(seen.length).toBeLessThanOrEqual(18);
      expect(seen.at(-1)).toMatchObject({ raisedCents });
      const seqs = seen.map(({ seq }) => seq);
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    }
    expect(fixture.counters.progressConflated).toBe(bids - fixture.counters.progressPublished);
  });

  test("publishes the first change of a quiet loan at once", async () => {
    const { fixture, bidder } = await market({ marketFeedIntervalMs: 2_000 });
    const { seen } = await watch(fixture, "bob", "msgpack");
    const startMs = performance.now();
    await bidder.must("bid.place", bid("promo", 100));
    await eventually(() => seen.length).toBe(1);
    expect(seen[0]!.atMs - startMs).toBeLessThan(1_000);
    // The second one waits, and what is published then is the latest.
    await bidder.must("bid.place", bid("promo", 200));
    await bidder.must("bid.place", bid("promo", 300));
    await sleep(200);
    expect(seen.length).toBe(1);
    await eventually(() => seen.length).toBe(2);
    expect(seen[1]).toMatchObject({ raisedCents: 600 });
    expect(seen[1]!.atMs - seen[0]!.atMs).toBeGreaterThan(1_900);
  });

  test("sends the snapshot before any change, and never an older one behind it", async () => {
    const { fixture, bidder } = await market({ marketFeedIntervalMs: 20 });
    const earlier = await watch(fixture, "bob", "msgpack");
    const late: { snapshot: { seq: number }; seen: Progress[]; client: GatewayClient }[] = [];
    for (let round = 0; round < 30; round++) {
      for (let sent = 0; sent < 5; sent++) bidder.send("bid.place", bid("promo", 100));
      late.push(await watch(fixture, `late-${round}`, round % 2 === 0 ? "json" : "msgpack"));
    }
    await sleep(100);
    expect(earlier.seen.length).toBeGreaterThan(3);
    for (const { snapshot, seen, client } of late) {
      expect(client.received[0]).toMatchObject({ kind: "reply", operation: "loan.watch" });
      const seqs = [snapshot.seq, ...seen.map(({ seq }) => seq)];
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }
  });

  test("ends for who unwatches; the runtime is told when the last one goes", async () => {
    const { fixture, bidder } = await market({ marketFeedIntervalMs: 10 });
    const [one, two] = [
      await watch(fixture, "bob", "msgpack"),
      await watch(fixture, "eve", "msgpack"),
    ];
    await bidder.must("bid.place", bid("promo", 100));
    await eventually(() => [one.seen.length, two.seen.length]).toEqual([1, 1]);
    await one.client.must("loan.unwatch", { loanId: "promo" });
    await bidder.must("bid.place", bid("promo", 100));
    await eventually(() => two.seen.length).toBe(2);
    expect(one.seen.length).toBe(1);
    expect(fixture.runtime.unwatched).toEqual([]);
    two.client.close();
    await eventually(() => fixture.runtime.unwatched).toEqual(["promo"]);
    const published = fixture.counters.progressPublished;
    await bidder.must("bid.place", bid("promo", 100));
    await sleep(50);
    expect(fixture.counters.progressPublished).toBe(published);
  });

  test("shows when a loan is full", async () => {
    const { fixture, bidder } = await market();
    const { client } = await watch(fixture, "bob", "json");
    await bidder.must("bid.place", bid("promo", 1_000_000));
    await eventually(() => client.pushes("loan.progress").length).toBe(1);
    expect(client.pushes("loan.progress")[0]!.view).toMatchObject({
      loanId: "promo",
      status: "funded",
      raisedCents: 1_000_000,
      remainingCents: 0,
    });
  });
});
