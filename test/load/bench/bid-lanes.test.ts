import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { pack, unpack } from "msgpackr";
import { App, us_listen_socket_close, us_socket_local_port } from "uWebSockets.js";
import { describe, expect, onTestFinished, test } from "vitest";
import { LaneGroup, closeLanes, openLanes } from "../../../load/bench/bid-lanes.ts";
import { mergeLatencies } from "../../../load/driver/latency.ts";
import type { Endpoint } from "../../../load/driver/raw-socket.ts";
import { ERRORS } from "../../../src/protocol/errors.ts";

const BIDS = [
  { loanId: "loan-0", amountCents: 10_000 },
  { loanId: "loan-1", amountCents: 10_000 },
];

/** A WebSocket server that answers each bid with the given messages, or ends the connection. */
function answering(
  answers: (bid: readonly unknown[], nth: number) => readonly unknown[][] | "close",
): Endpoint {
  let count = 0;
  let listening: Parameters<typeof us_listen_socket_close>[0] | undefined;
  App()
    .ws("/*", {
      message: (socket, message) => {
        const bid = unpack(Buffer.from(message)) as unknown[];
        const answered = answers(bid, count++);
        if (answered === "close") socket.end(4429, "enough");
        else for (const answer of answered) socket.send(pack(answer), true);
      },
    })
    .listen("127.0.0.1", 0, (socket) => {
      if (socket) listening = socket;
    });
  if (listening === undefined) throw new Error("cannot listen");
  const socket = listening;
  onTestFinished(() => us_listen_socket_close(socket));
  const port = us_socket_local_port(socket as Parameters<typeof us_socket_local_port>[0]);
  return { host: "127.0.0.1", port, path: "/v1/ws" };
}

async function drive(endpoint: Endpoint, sockets: number, inFlight: number): Promise<LaneGroup> {
  const group = new LaneGroup(BIDS);
  onTestFinished(() => closeLanes(group));
  const subprotocols = Array.from({ length: sockets }, () => ["loanloom.v1.msgpack"]);
  await openLanes(group, endpoint, subprotocols, inFlight, 0);
  group.start();
  await pause(50);
  if (group.stage === "warmingUp") group.startMeasuring();
  await pause(150);
  if (group.stage === "measuring") group.stopMeasuring();
  return group;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe("Lanes in a closed loop", () => {
  test("account for every bid, by loan, and measure only what was asked", async () => {
    const bidsByLoan: Record<string, number> = { "loan-0": 0, "loan-1": 0 };
    const ids = new Set<string>();
    const endpoint = answering((bid) => {
      const loanId = bid[3] as string;
      bidsByLoan[loanId]!++;
      ids.add((bid[2] as Buffer).toString("hex"));
      return [[148, bid[1], "0:1-1", 1, 10_000, 1, 5]];
    });
    const group = await drive(endpoint, 8, 4);
    await group.settled(5_000);
    const result = group.result();
    const seen = bidsByLoan["loan-0"]! + bidsByLoan["loan-1"]!;
    expect(result.acknowledged).toBe(seen);
    expect(ids.size).toBe(seen);
    expect(result.filledCentsByLoan).toEqual([
      bidsByLoan["loan-0"]! * 10_000,
      bidsByLoan["loan-1"]! * 10_000,
    ]);
    expect(bidsByLoan["loan-0"]).toBeGreaterThan(0);
    expect(bidsByLoan["loan-1"]).toBeGreaterThan(0);
    expect(result.measuredAcknowledged).toBeGreaterThan(0);
    expect(result.measuredAcknowledged).toBeLessThan(seen);
    expect(result.measuredMs).toBeGreaterThan(100);
    expect(mergeLatencies([result.latencies]).count).toBe(result.measuredAcknowledged);
  });

  test("never have more in flight than asked", async () => {
    let asked = 0;
    const endpoint = answering(() => {
      asked++;
      return [];
    });
    const group = new LaneGroup(BIDS);
    onTestFinished(() => closeLanes(group));
    await openLanes(group, endpoint, [["a"], ["b"]], 3, 0);
    group.start();
    await pause(50);
    expect(asked).toBe(6);
    expect(group.inFlight).toBe(6);
    group.stopMeasuring();
    await expect(group.settled(50)).rejects.toThrow("6 bids were not answered");
  });

  test("count refusals by their error, apart from what was acknowledged", async () => {
    const endpoint = answering((bid, nth) =>
      nth % 2 === 0
        ? [[0, bid[1], ERRORS.rate_limited.number, null, 10]]
        : [[148, bid[1], "0:1-1", 1, 10_000, 1, 5]],
    );
    const group = await drive(endpoint, 2, 2);
    await group.settled(5_000);
    const result = group.result();
    const refused = result.refusedByError[ERRORS.rate_limited.number]!;
    expect(Math.abs(refused - result.acknowledged)).toBeLessThanOrEqual(1);
    expect(Object.keys(result.refusedByError)).toEqual([String(ERRORS.rate_limited.number)]);
    const filled = result.filledCentsByLoan.reduce((sum, cents) => sum + cents, 0);
    expect(filled).toBe(result.acknowledged * 10_000);
  });

  test("stop when a bid is answered twice", async () => {
    const endpoint = answering((bid) => {
      const answer = [148, bid[1], "0:1-1", 1, 10_000, 1, 5];
      return [answer, answer];
    });
    const group = await drive(endpoint, 1, 1);
    await expect(group.settled(1_000)).rejects.toThrow("an answer to no bid in flight");
  });

  test("stop when a connection is lost, with what the server said", async () => {
    const endpoint = answering((bid, nth) =>
      nth === 20 ? "close" : [[148, bid[1], "0:1-1", 1, 10_000, 1, 5]],
    );
    const group = await drive(endpoint, 2, 2);
    await expect(group.settled(1_000)).rejects.toThrow("4429 enough");
  });

  test("do not start when the server hangs up during the handshake", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.destroy()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const endpoint = { host: "127.0.0.1", port, path: "/" };
    await expect(openLanes(new LaneGroup(BIDS), endpoint, [["a"]], 1, 0)).rejects.toThrow(
      "cannot connect",
    );
  });
});
