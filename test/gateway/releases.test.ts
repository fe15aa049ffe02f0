import { describe, expect, test } from "vitest";
import type { ServerMessage } from "../../src/protocol/decode-reply.ts";
import { requestIds, type GatewayClient } from "../support/gateway-client.ts";
import { bid, eventually, startFixture } from "../support/gateway-fixture.ts";

describe("Releases: answers", () => {
  test.each(["msgpack", "json"] as const)("of a commit come in order, in %s", async (encoding) => {
    const fixture = await startFixture();
    await fixture.fund("alice", 100_000);
    await fixture.list("promo", 100_000);
    const clients = [await fixture.client("alice", { encoding }), await fixture.client("alice")];
    fixture.runtime.isPaused = true;
    const before = fixture.runtime.commits;
    for (let sent = 0; sent < 100; sent++) {
      for (const client of clients) client.send("bid.place", bid("promo", 100));
    }
    await eventually(() => fixture.runtime.inFlight).toBe(200);
    fixture.runtime.resume();
    for (const client of clients) {
      await client.answerTo(100);
      const replies = client.received.filter(({ kind }) => kind === "reply");
      expect(replies.map((reply) => "id" in reply && reply.id)).toEqual(
        Array.from({ length: 100 }, (_, at) => at + 1),
      );
      // All of one commit: the same position, and ranks that grow.
      expect(new Set(replies.map((reply) => "position" in reply && reply.position))).toEqual(
        new Set([`0:1-${before + 1}`]),
      );
      const ranks = replies.map((reply) => ("view" in reply ? (reply.view["rank"] as number) : 0));
      expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    }
    expect(fixture.runtime.commits).toBe(before + 1);
  });

  test("carry the reply's fields by name, and refusals their code", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 700);
    const client = await fixture.client("alice");
    expect(await client.must("bid.place", bid("promo", 500))).toEqual({
      bidId: 1,
      filledCents: 500,
      rank: 1,
      remainingCents: 200,
    });
    expect(await client.refusal("bid.place", bid("promo", 300))).toMatchObject({
      code: "exceeds_remaining",
      detail: null,
      retryAfterMs: null,
    });
    expect(await client.must("bid.place", bid("promo", 300, "upTo"))).toMatchObject({
      filledCents: 200,
      remainingCents: 0,
    });
    expect(await client.must("account.get")).toEqual({
      accountId: "alice",
      availableCents: 300,
      heldCents: 700,
      entry: 6,
      openBids: 2,
    });
  });

  test("to the same request id are the first outcome; another body is request_id_reused", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 1_000);
    const [msgpack, json] = [
      await fixture.client("alice"),
      await fixture.client("alice", { encoding: "json" }),
    ];
    const once = bid("promo", 300);
    const first = await msgpack.must("bid.place", once);
    expect(await json.must("bid.place", once)).toEqual(first);
    const { code } = await json.refusal("bid.place", { ...once, amountCents: 400 });
    expect(code).toBe("request_id_reused");
    expect(await msgpack.must("account.get")).toMatchObject({ heldCents: 300 });
  });

  test("for a session that has gone are dropped and counted; others get theirs", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 1_000);
    const [gone, stays] = [await fixture.client("alice"), await fixture.client("alice")];
    fixture.runtime.isPaused = true;
    const lost = bid("promo", 100);
    gone.send("bid.place", lost);
    await eventually(() => fixture.runtime.inFlight).toBe(1);
    const kept = stays.send("bid.place", bid("promo", 200));
    await eventually(() => fixture.runtime.inFlight).toBe(2);
    gone.close();
    await eventually(() => fixture.counters.connectionsOpen).toBe(1);
    fixture.runtime.resume();
    expect((await stays.answerTo(kept)).kind).toBe("reply");
    expect(fixture.counters.answersWithoutSession).toBe(1);
    // It happened all the same, and sending it again tells what.
    expect(await stays.must("bid.place", lost)).toMatchObject({ filledCents: 100 });
    expect(await stays.must("account.get")).toMatchObject({ heldCents: 300 });
  });
});

describe("Releases: the account's stream", () => {
  const watch = { accountId: null, after: null };

  function entriesOf(client: GatewayClient): number[] {
    return client.pushes("account.entry").map(({ view }) => view["entry"] as number);
  }

  test("starts right behind the snapshot, without gap or repeat, amid a burst", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000_000);
    await fixture.list("promo", 1_000_000);
    const bidder = await fixture.client("alice");
    const watcher = await fixture.client("alice", { encoding: "json" });
    for (let sent = 0; sent < 200; sent++) bidder.send("bid.place", bid("promo", 100));
    const { entry } = (await watcher.must("account.watch", watch)) as { entry: number };
    for (let sent = 0; sent < 200; sent++) bidder.send("bid.place", bid("promo", 100));
    await bidder.answerTo(400);
    await eventually(() => entriesOf(watcher).at(-1)).toBe(401);
    expect(entriesOf(watcher)).toEqual(
      Array.from({ length: 401 - entry }, (_, at) => entry + 1 + at),
    );
    const reply = watcher.received.findIndex(({ kind }) => kind === "reply");
    expect(reply).toBe(0);
  });

  test("in one commit: the bid before the watch is in the snapshot, that behind it is pushed", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 1_000);
    const client = await fixture.client("alice");
    fixture.runtime.isPaused = true;
    client.send("bid.place", bid("promo", 100));
    const watching = client.send("account.watch", watch);
    client.send("bid.place", bid("promo", 200));
    await eventually(() => fixture.runtime.inFlight).toBe(3);
    fixture.runtime.resume();
    expect(await client.answerTo(watching)).toMatchObject({ view: { heldCents: 100, entry: 2 } });
    await client.answerTo(3);
    const order = client.received.map((message: ServerMessage) =>
      message.kind === "push" ? `entry ${String(message.view["entry"])}` : message.kind,
    );
    // The hold of the second bid became visible before its loan answered.
    expect(order).toEqual(["reply", "reply", "entry 3", "reply"]);
  });

  test("resumes after the entry that the client has", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 1_000);
    const client = await fixture.client("alice");
    for (let sent = 0; sent < 5; sent++) await client.must("bid.place", bid("promo", 100));
    const view = await client.must("account.watch", { accountId: null, after: 3 });
    expect(view).toMatchObject({ resumed: true, entry: 6 });
    await eventually(() => entriesOf(client)).toEqual([4, 5, 6]);
    expect(client.pushes("account.entry")[0]!.view).toMatchObject({
      accountId: "alice",
      kind: "hold_placed",
      amountCents: 100,
      loanId: "promo",
      bidId: 3,
    });
  });

  test("goes to every watcher, and to an operator; others see nothing", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.fund("bob", 1_000);
    await fixture.list("promo", 1_000);
    const [alice, bob, operator] = [
      await fixture.client("alice"),
      await fixture.client("bob"),
      await fixture.operator({ encoding: "json" }),
    ];
    await alice.must("account.watch", watch);
    await bob.must("account.watch", watch);
    await operator.must("account.watch", { accountId: "alice", after: null });
    await alice.must("bid.place", bid("promo", 100));
    await eventually(() => entriesOf(operator)).toEqual([2]);
    expect(entriesOf(alice)).toEqual([2]);
    await bob.must("session.ping");
    expect(entriesOf(bob)).toEqual([]);
  });

  test("ends with unwatch, also of a watch that is still in flight", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 1_000);
    const client = await fixture.client("alice");
    await client.must("account.watch", watch);
    await client.must("account.unwatch", { accountId: null });
    expect(fixture.runtime.unwatched).toEqual(["alice"]);
    fixture.runtime.isPaused = true;
    const watching = client.send("account.watch", watch);
    await client.must("account.unwatch", { accountId: null });
    fixture.runtime.resume();
    await client.answerTo(watching);
    await client.must("bid.place", bid("promo", 100));
    await client.must("session.ping");
    expect(entriesOf(client)).toEqual([]);
    expect(fixture.runtime.unwatched).toEqual(["alice", "alice"]);
  });

  test("is not cut off by another's leaving while a watch is in flight", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    await fixture.list("promo", 1_000);
    const [leaves, stays] = [await fixture.client("alice"), await fixture.client("alice")];
    await leaves.must("account.watch", watch);
    fixture.runtime.isPaused = true;
    const watching = stays.send("account.watch", watch);
    await eventually(() => fixture.runtime.inFlight).toBe(1);
    leaves.close();
    await eventually(() => fixture.counters.connectionsOpen).toBe(1);
    expect(fixture.runtime.unwatched).toEqual([]);
    fixture.runtime.resume();
    await stays.answerTo(watching);
    await stays.must("bid.place", bid("promo", 100));
    await eventually(() => entriesOf(stays)).toEqual([2]);
  });

  test("of a session that goes while it asks is not told to nobody for ever", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    const gone = await fixture.client("alice");
    fixture.runtime.isPaused = true;
    gone.send("account.watch", watch);
    await eventually(() => fixture.runtime.inFlight).toBe(1);
    gone.close();
    await eventually(() => fixture.counters.connectionsOpen).toBe(0);
    fixture.runtime.resume();
    await eventually(() => fixture.runtime.inFlight).toBe(0);
    expect([...fixture.runtime.accounts.values()].some(({ watched }) => watched)).toBe(false);
  });
});

describe("Releases: a deposit by the operator", () => {
  test("reaches the client's stream", async () => {
    const fixture = await startFixture();
    await fixture.fund("alice", 1_000);
    const client = await fixture.client("alice");
    await client.must("account.watch", { accountId: null, after: null });
    const operator = await fixture.operator();
    await operator.must("account.deposit", {
      requestId: requestIds.next(),
      accountId: "alice",
      amountCents: 50,
      reference: "bank-7",
    });
    await eventually(() => client.pushes("account.entry").length).toBe(1);
    expect(client.pushes("account.entry")[0]!.view).toMatchObject({
      kind: "deposit",
      amountCents: 50,
      availableCents: 1_050,
    });
  });
});
