import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import {
  connect,
  LoanloomClient,
  LoanloomError,
  newRequestId,
  type AccountUpdate,
  type ClientOptions,
  type LoanUpdate,
} from "../../src/client/client.ts";
import type { EncodingName } from "../../src/client/encoding.ts";
import type { SocketConstructor } from "../../src/client/web-socket.ts";
import { startPeer, type Arrived, type Peer } from "./scripted-peer.ts";

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function peerOf(...given: Parameters<typeof startPeer>): Promise<Peer> {
  const peer = await startPeer(...given);
  open.push(peer);
  return peer;
}

async function clientOf(peer: Peer, options: Partial<ClientOptions> = {}): Promise<LoanloomClient> {
  const client = await connect({
    url: peer.url,
    token: "header.claims.signature",
    reconnect: { delayMsFirst: 20, delayMsMax: 100 },
    retry: { delayMsFirst: 10, delayMsMax: 50 },
    ...options,
  });
  open.push(client);
  return client;
}

async function until(what: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!what()) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const FILLED = { bidId: 1, filledCents: 10_000, rank: 1, remainingCents: 0 };
const BID = { loanId: "loan-1", amountCents: 10_000, fill: "exact" } as const;

function account(entry: number, resumed = false) {
  const balances = { availableCents: 100_000, heldCents: 0, entry, openBids: 0 };
  return { accountId: "alice", ...balances, resumed };
}

function entry(number: number) {
  return {
    accountId: "alice",
    entry: number,
    at: 1_700_000_000_000,
    kind: "deposit",
    amountCents: 1,
    availableCents: number,
    heldCents: 0,
    loanId: null,
    bidId: null,
  };
}

function loan(seq: number) {
  return {
    loanId: "loan-1",
    status: "listed",
    borrowerId: "bob",
    principalCents: 1_000_000,
    raisedCents: seq,
    remainingCents: 1_000_000 - seq,
    bids: seq,
    stepCents: 100,
    minBidCents: 100,
    lenderCapCents: null,
    opensAtMs: null,
    closesAtMs: 1_800_000_000_000,
    cancellable: true,
    seq,
  };
}

async function refusalOf(promise: Promise<unknown>): Promise<LoanloomError> {
  const error: unknown = await promise.then(
    () => "it was not refused",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LoanloomError);
  return error as LoanloomError;
}

describe.each<EncodingName>(["msgpack", "json"])("Client, %s", (encoding) => {
  test("offers its subprotocol and the token beside it, and no token in the URL", async () => {
    const peer = await peerOf(() => undefined);
    await clientOf(peer, { encoding });
    expect(peer.sessions[0]!.protocols).toEqual([
      `loanloom.v1.${encoding}`,
      "bearer.header.claims.signature",
    ]);
  });

  test("places a bid and gets what the server filled, with its position", async () => {
    const peer = await peerOf((request) => request.reply(FILLED));
    const client = await clientOf(peer, { encoding });
    expect(await client.placeBid(BID)).toEqual({ ...FILLED, position: "0:1-1" });
    const { command } = peer.arrived[0]!;
    expect(command).toMatchObject({ type: "PlaceBid", ...BID, minCents: null });
  });

  test("rejects with the code of the server's refusal", async () => {
    const peer = await peerOf((request) => request.refuse("loan_full"));
    const client = await clientOf(peer, { encoding });
    const requestId = newRequestId();
    const error = await refusalOf(client.placeBid({ ...BID, requestId }));
    expect(error).toMatchObject({ code: "loan_full", operation: "bid.place", requestId });
  });

  test("sends unanswered requests again, in order, with the same request ids", async () => {
    const peer = await peerOf((request, nth) => {
      if (nth === 4) request.peer.cut();
      if (nth > 4) request.reply(request.command.type === "PlaceBid" ? FILLED : account(0));
    });
    const client = await clientOf(peer, { encoding });
    const bids = [client.placeBid(BID), client.placeBid(BID), client.placeBid(BID)];
    await Promise.all([...bids, client.account()]);
    const asked = peer.arrived.map(({ id, command }) => ({ id, command }));
    expect(asked.length).toBe(8);
    expect(asked.slice(4)).toEqual(asked.slice(0, 4));
    expect(new Set(asked.map(({ command }) => JSON.stringify(command))).size).toBe(4);
  });

  test("tells of the lost and the regained connection", async () => {
    const peer = await peerOf((request) => request.peer.cut());
    const client = await clientOf(peer, { encoding });
    const told: string[] = [];
    client.on("disconnected", () => told.push("disconnected"));
    client.on("reconnected", ({ resent, downMs }) => {
      expect(downMs).toBeGreaterThan(0);
      told.push(`reconnected, resent ${resent}`);
      client.close();
    });
    client.on("closed", ({ error }) => told.push(`closed ${error}`));
    expect((await refusalOf(client.placeBid(BID))).code).toBe("closed");
    expect(told).toEqual(["disconnected", "reconnected, resent 1", "closed null"]);
  });

  test("waits as long as the server says before it repeats a refused request", async () => {
    const times: number[] = [];
    const peer = await peerOf((request, nth) => {
      times.push(performance.now());
      if (nth === 1) request.refuse("rate_limited", 150);
      else if (nth === 2) request.refuse("unavailable", null);
      else request.reply(FILLED);
    });
    const client = await clientOf(peer, { encoding });
    await client.placeBid(BID);
    expect(times.length).toBe(3);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(150);
    const ids = peer.arrived.map(({ command }) => "requestId" in command && command.requestId);
    // Nothing was done at first; the second time nobody knows.
    expect(ids[1]).not.toBe(ids[0]);
    expect(ids[2]).toBe(ids[1]);
  });
});

describe("Client: requests", () => {
  test("gives up at once when the server's wait goes beyond the deadline", async () => {
    const peer = await peerOf((request) => request.refuse("server_busy", 60_000));
    const client = await clientOf(peer);
    const error = await refusalOf(client.placeBid(BID));
    expect(error).toMatchObject({ code: "server_busy", retryAfterMs: 60_000 });
  });

  test("does not bridge a retryable error that a moment does not mend", async () => {
    const peer = await peerOf((request) => request.refuse("internal_error"));
    const client = await clientOf(peer);
    expect((await refusalOf(client.placeBid(BID))).code).toBe("internal_error");
    expect(peer.arrived.length).toBe(1);
  });

  test("ends with deadline_exceeded, naming the request, when no answer comes", async () => {
    const peer = await peerOf(() => undefined);
    const client = await clientOf(peer);
    const requestId = newRequestId();
    const bid = client.placeBid({ ...BID, requestId }, { timeoutMs: 60 });
    expect(await refusalOf(bid)).toMatchObject({ code: "deadline_exceeded", requestId });
    expect(client.unsettled).toBe(0);
  });

  test("drops an answer that comes after the deadline", async () => {
    const peer = await peerOf((request) => {
      if (request.command.type === "PlaceBid") setTimeout(() => request.reply(FILLED), 150);
      else request.reply(account(3));
    });
    const client = await clientOf(peer);
    await refusalOf(client.placeBid(BID, { timeoutMs: 50 }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await client.account()).toMatchObject({ accountId: "alice", entry: 3 });
  });

  test("keeps no more in flight than it may, and the rest in order", async () => {
    const held: Arrived[] = [];
    const peer = await peerOf((request) => void held.push(request));
    const client = await clientOf(peer, { inFlightMax: 2 });
    const bids = [1, 2, 3, 4, 5].map((bidId) => client.cancelBid({ bidId }));
    await until(() => held.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(held.length).toBe(2);
    for (let at = 0; at < 5; at++) {
      await until(() => held.length > at);
      held[at]!.reply({ bidId: at + 1, releasedCents: 1 });
    }
    const settled = await Promise.all(bids);
    expect(settled.map(({ bidId }) => bidId)).toEqual([1, 2, 3, 4, 5]);
  });

  test("refuses with queue_full beyond its limit, and sends nothing of it", async () => {
    const held: Arrived[] = [];
    const peer = await peerOf((request) => void held.push(request));
    const client = await clientOf(peer, { unsettledMax: 2 });
    const bids = [client.placeBid(BID), client.placeBid(BID)];
    expect((await refusalOf(client.placeBid(BID))).code).toBe("queue_full");
    await until(() => held.length === 2);
    for (const request of held) request.reply(FILLED);
    await Promise.all(bids);
    expect(held.length).toBe(2);
  });

  test.each([
    ["a zero amount", { ...BID, amountCents: 0 }],
    ["a fraction", { ...BID, amountCents: 1.5 }],
    ["not a number", { ...BID, amountCents: NaN }],
    ["a bad loan id", { ...BID, loanId: "../x" }],
    [
      "a request id that is no UUIDv7",
      { ...BID, requestId: "5c1d2f2e-0000-4000-8000-000000000000" },
    ],
    ["an unknown field", { ...BID, color: "red" }],
  ])("refuses %s before sending it", async (_, fields) => {
    const peer = await peerOf(() => undefined);
    const client = await clientOf(peer);
    expect((await refusalOf(client.placeBid(fields))).code).toBe("invalid_field");
    expect(peer.arrived.length).toBe(0);
  });

  test("refuses with malformed_reply what answers another operation", async () => {
    const peer = await peerOf((request) => {
      request.peer.arrived(Uint8Array.of(0x93, 32, request.id, 0xa1, 0x61)).reply(loan(1));
    });
    const client = await clientOf(peer);
    expect((await refusalOf(client.placeBid(BID))).code).toBe("malformed_reply");
  });
});

describe("Client: connection", () => {
  test("rejects connect with unreachable when nobody listens", async () => {
    const peer = await startPeer(() => undefined);
    await peer.close();
    const options = { url: peer.url, token: "t", firstConnectTimeoutMs: 150 };
    expect((await refusalOf(connect(options))).code).toBe("unreachable");
  });

  test("rejects connect with unauthenticated when a fixed token is refused", async () => {
    const greet = (ping: Arrived) => {
      ping.peer.error(null, "unauthenticated");
      ping.peer.socket.close(4401, "unauthenticated");
    };
    const peer = await peerOf(() => undefined, { greet });
    const refused = await refusalOf(connect({ url: peer.url, token: "old" }));
    expect(refused.code).toBe("unauthenticated");
    expect(peer.sessions.length).toBe(1);
  });

  test.each([
    [401, "unauthenticated"],
    [403, "origin_not_allowed"],
  ])(
    "understands a handshake refused with %i, where the platform tells it",
    async (status, code) => {
      const peer = await peerOf(() => undefined, { admit: () => status });
      // Browsers and Node 22 do not tell the status; `ws` does.
      const webSocket = WebSocket as unknown as SocketConstructor;
      expect((await refusalOf(connect({ url: peer.url, token: "old", webSocket }))).code).toBe(
        code,
      );
    },
  );

  test("tries again when a handshake is refused for now", async () => {
    let attempts = 0;
    const peer = await peerOf((request) => request.reply(FILLED), {
      admit: () => (++attempts < 3 ? 503 : 101),
    });
    const client = await clientOf(peer);
    expect(await client.placeBid(BID)).toMatchObject(FILLED);
    expect(attempts).toBe(3);
  });

  test("sends nothing but a ping before the server has accepted the token", async () => {
    let greeted: Arrived | undefined;
    const peer = await peerOf((request) => request.reply(FILLED), {
      greet: (ping) => (greeted = ping),
    });
    const client = new LoanloomClient({ url: peer.url, token: "t" });
    open.push(client);
    const bid = client.placeBid(BID);
    await until(() => greeted !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([peer.arrived.length, client.connected]).toEqual([0, false]);
    greeted!.reply({ at: 1 });
    expect(await bid).toMatchObject(FILLED);
    expect(client.connected).toBe(true);
  });

  test("asks a token function again for each connection", async () => {
    let asked = 0;
    const peer = await peerOf((request, nth) => {
      if (nth === 1) request.peer.socket.close(4401, "expired");
      else request.reply(FILLED);
    });
    const client = await clientOf(peer, { token: () => `token-${++asked}` });
    await client.placeBid(BID);
    const bearers = peer.sessions.map(({ protocols }) => protocols[1]);
    expect(bearers).toEqual(["bearer.token-1", "bearer.token-2"]);
  });

  test("gives up after three refused tokens in a row, and rejects what waits", async () => {
    const greet = (ping: Arrived) => ping.peer.socket.close(4401, "no");
    const peer = await peerOf(() => undefined, { greet });
    const reconnect = { delayMsFirst: 20, delayMsMax: 100 };
    const client = new LoanloomClient({ url: peer.url, token: () => "never-good", reconnect });
    open.push(client);
    expect((await refusalOf(client.placeBid(BID))).code).toBe("unauthenticated");
    expect(peer.sessions.length).toBe(3);
    expect((await refusalOf(client.account())).code).toBe("unauthenticated");
  });

  test("survives a token function that fails", async () => {
    let asked = 0;
    const peer = await peerOf((request) => request.reply(FILLED));
    const client = await clientOf(peer, {
      token: () => {
        if (++asked === 1) throw new Error("the login service is away");
        return "good";
      },
    });
    await client.placeBid(BID);
    expect(asked).toBe(2);
  });

  test("finishes what is in flight after server.shutdown, sends the rest to the next server", async () => {
    const next = await peerOf((request) => request.reply(FILLED));
    const peer = await peerOf((request) => {
      request.peer.push("server.shutdown", { reconnectAfterMs: 100, url: next.url });
      setTimeout(() => {
        request.reply(FILLED);
        request.peer.socket.close(1012);
      }, 50);
    });
    const client = await clientOf(peer);
    const first = client.placeBid(BID);
    await until(() => peer.arrived.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const closedAt = performance.now();
    const second = client.placeBid(BID);
    await Promise.all([first, second]);
    expect(peer.arrived.length).toBe(1);
    expect(next.arrived.length).toBe(1);
    expect(performance.now() - closedAt).toBeGreaterThan(100);
  });

  test("gives up a silent connection and connects again", async () => {
    const peer = await peerOf((request) => {
      if (request.peer === peer.sessions[1]) request.reply(FILLED);
    });
    const client = await clientOf(peer, { keepAliveMs: 60 });
    await client.placeBid(BID);
    expect(peer.arrived[0]!.command.type).toBe("PlaceBid");
    expect(peer.arrived.some(({ command }) => command.type === "Ping")).toBe(true);
    expect(peer.sessions.length).toBe(2);
  });

  test("keeps a quiet connection whose server answers pings", async () => {
    const peer = await peerOf((request) => {
      if (request.command.type === "Ping") request.reply({ at: 1 });
    });
    const client = await clientOf(peer, { keepAliveMs: 60 });
    await until(() => peer.arrived.length >= 4);
    expect(peer.sessions.length).toBe(1);
    expect(client.connected).toBe(true);
  });

  test("does not take its own standstill for the server's silence", async () => {
    const peer = await peerOf((request) => request.reply({ at: 1 }));
    const client = await clientOf(peer, { keepAliveMs: 250 });
    const until = performance.now() + 1_000;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(client.connected).toBe(true);
    expect(peer.sessions.length).toBe(1);
  });

  test("comes back to a server that was started anew on the same port", async () => {
    const peer = await startPeer(() => undefined);
    const client = await clientOf(peer);
    const bid = client.placeBid(BID);
    await until(() => peer.arrived.length === 1);
    await peer.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const port = Number(new URL(peer.url).port);
    const again = await peerOf((request) => request.reply(FILLED), { port });
    expect(await bid).toMatchObject(FILLED);
    const first = peer.arrived[0]!.command;
    expect(again.arrived[0]!.command).toEqual(first);
  });

  test("refuses options that cannot work", () => {
    const token = "t";
    expect(() => new LoanloomClient({ url: "http://x", token })).toThrow(LoanloomError);
    expect(() => new LoanloomClient({ url: "ws://x/?token=a", token })).toThrow(LoanloomError);
    const none = { url: "ws://x", token, inFlightMax: 0 };
    expect(() => new LoanloomClient(none)).toThrow(LoanloomError);
  });
});

describe("Client: watching an account", () => {
  function follow(client: LoanloomClient, after?: number) {
    const told: (string | number)[] = [];
    const watching = client.watchAccount(
      (update: AccountUpdate) => {
        if (update.kind === "entry") told.push(update.entry.entry);
        else if (update.kind === "receipt") told.push(`receipt of ${update.entry.entry}`);
        else if (update.kind === "ended") told.push(`ended ${update.error.code}`);
        else if (update.resumed) told.push(`resumed at ${update.account.entry}`);
        else told.push(`start at ${update.account.entry}, missed after ${update.missedAfter}`);
      },
      after === undefined ? {} : { after },
    );
    return { told, watching };
  }

  test("takes an option that is undefined for one that is left out", async () => {
    const peer = await peerOf((request) => request.reply(account(5)));
    const client = await clientOf(peer);
    const told: AccountUpdate[] = [];
    // As a program without exactOptionalPropertyTypes may call it.
    const options = { accountId: undefined, after: undefined, receipts: undefined };
    await client.watchAccount((update) => told.push(update), options as object);
    expect(peer.arrived[0]!.command).toMatchObject({ accountId: null, after: null });
    expect(told).toMatchObject([{ kind: "snapshot", missedAfter: null }]);
  });

  test("tells a snapshot, then every entry", async () => {
    const peer = await peerOf((request) => {
      request.reply(account(5));
      for (const number of [6, 7]) request.peer.push("account.entry", entry(number));
    });
    const { told, watching } = follow(await clientOf(peer));
    await watching;
    await until(() => told.length === 3);
    expect(told).toEqual(["start at 5, missed after null", 6, 7]);
  });

  test("resumes behind the last entry after a lost connection, telling none twice", async () => {
    const peer = await peerOf((request, nth) => {
      if (nth === 1) {
        request.reply(account(5));
        request.peer.push("account.entry", entry(6));
        setTimeout(() => request.peer.cut(), 20);
      } else {
        request.reply(account(8, true));
        for (const number of [6, 7, 8, 9]) request.peer.push("account.entry", entry(number));
      }
    });
    const { told } = follow(await clientOf(peer));
    await until(() => told.includes(9));
    expect(peer.arrived[1]!.command).toMatchObject({ type: "WatchAccount", after: 6 });
    expect(told).toEqual(["start at 5, missed after null", 6, "resumed at 8", 7, 8, 9]);
  });

  test("fills a gap from the server", async () => {
    const peer = await peerOf((request, nth) => {
      if (nth === 1) {
        request.reply(account(5));
        for (const number of [6, 9, 10]) request.peer.push("account.entry", entry(number));
      } else {
        request.reply(account(10, true));
        for (const number of [7, 8, 9, 10]) request.peer.push("account.entry", entry(number));
      }
    });
    const { told } = follow(await clientOf(peer));
    await until(() => told.includes(10));
    expect(peer.arrived.length).toBe(2);
    expect(told).toEqual(["start at 5, missed after null", 6, "resumed at 10", 7, 8, 9, 10]);
  });

  test("announces entries that the server no longer keeps", async () => {
    const peer = await peerOf((request, nth) => {
      request.reply(nth === 1 ? account(5) : account(500, false));
      if (nth === 1) setTimeout(() => request.peer.cut(), 20);
      else request.peer.push("account.entry", entry(501));
    });
    const { told } = follow(await clientOf(peer));
    await until(() => told.includes(501));
    expect(told).toEqual(["start at 5, missed after null", "start at 500, missed after 5", 501]);
  });

  test("continues from an entry that the caller has", async () => {
    const peer = await peerOf((request) => {
      request.reply(account(7, true));
      for (const number of [6, 7]) request.peer.push("account.entry", entry(number));
    });
    const { told } = follow(await clientOf(peer), 5);
    await until(() => told.includes(7));
    expect(told).toEqual(["resumed at 7", 6, 7]);
  });

  test("rejects when the server refuses", async () => {
    const peer = await peerOf((request) => request.refuse("not_found"));
    const { told, watching } = follow(await clientOf(peer));
    expect((await refusalOf(watching)).code).toBe("not_found");
    expect(told).toEqual([]);
  });

  test("ends when the server refuses to go on after a reconnect", async () => {
    const peer = await peerOf((request, nth) => {
      if (nth > 1) return request.refuse("forbidden");
      request.reply(account(5));
      setTimeout(() => request.peer.cut(), 20);
    });
    const { told } = follow(await clientOf(peer));
    await until(() => told.includes("ended forbidden"));
  });

  test("tells nothing after close, and unsubscribes", async () => {
    const peer = await peerOf((request) => {
      if (request.command.type === "WatchAccount") request.reply(account(5));
    });
    const client = await clientOf(peer);
    const { told, watching } = follow(client);
    (await watching).close();
    await until(() => peer.arrived.length === 2);
    expect(peer.arrived[1]!.command).toMatchObject({ type: "UnwatchAccount", accountId: null });
    peer.sessions[0]!.push("account.entry", entry(6));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told).toEqual(["start at 5, missed after null"]);
  });

  test("goes on when another of the same account ends before its first answer", async () => {
    const peer = await peerOf((request, nth) => {
      if (nth === 1) request.reply(account(5));
    });
    const client = await clientOf(peer);
    const first = await follow(client).watching;
    const second = follow(client);
    first.close();
    await until(() => peer.arrived.length === 2);
    peer.arrived[1]!.reply(account(5));
    (await second.watching).close();
    await until(() => peer.arrived.length === 3);
    const types = peer.arrived.map(({ command }) => command.type);
    expect(types).toEqual(["WatchAccount", "WatchAccount", "UnwatchAccount"]);
  });
});

describe("Client: watching a loan", () => {
  test("tells the latest progress, never an older one, over reconnects", async () => {
    const peer = await peerOf((request, nth) => {
      request.reply(loan(nth * 10));
      for (const seq of [nth * 10 + 3, nth * 10 + 1]) {
        request.peer.push("loan.progress", loan(seq));
      }
      if (nth === 1) setTimeout(() => request.peer.cut(), 20);
    });
    const client = await clientOf(peer);
    const seqs: number[] = [];
    await client.watchLoan("loan-1", (update: LoanUpdate) => {
      if (update.kind === "loan") seqs.push(update.loan.seq);
    });
    await until(() => seqs.includes(23));
    expect(seqs).toEqual([10, 13, 20, 23]);
  });

  test("unsubscribes only with the last of several watches", async () => {
    const peer = await peerOf((request) => {
      if (request.command.type === "WatchLoan") request.reply(loan(1));
    });
    const client = await clientOf(peer);
    const first = await client.watchLoan("loan-1", () => undefined);
    const second = await client.watchLoan("loan-1", () => undefined);
    first.close();
    second.close();
    await until(() => peer.arrived.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(peer.arrived.map(({ command }) => command.type)).toEqual([
      "WatchLoan",
      "WatchLoan",
      "UnwatchLoan",
    ]);
  });

  test("is not disturbed by a listener that throws", async () => {
    const peer = await peerOf((request) => {
      request.reply(loan(1));
      request.peer.push("loan.progress", loan(2));
    });
    const client = await clientOf(peer);
    const thrown = new Promise((resolve) => process.once("uncaughtException", resolve));
    const seqs: number[] = [];
    await client.watchLoan("loan-1", (update) => {
      if (update.kind !== "loan") return;
      seqs.push(update.loan.seq);
      if (update.loan.seq === 1) throw new Error("a bug of the user");
    });
    await until(() => seqs.includes(2));
    expect(String(await thrown)).toContain("a bug of the user");
  });
});
