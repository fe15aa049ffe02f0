import { afterEach, expect, test } from "vitest";
import { LoanloomClient } from "../../src/client/client.ts";
import { startPeer, type Peer } from "./scripted-peer.ts";

const CLIENTS = 300;
const open: (LoanloomClient | Peer)[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

test("Hundreds of clients of one process lose their server and each has one bid answered", async () => {
  const effects = new Map<string, number>();
  let lost = 0;
  // Every second bid takes effect, but its answer is lost with the connection.
  const peer = await startPeer((request, nth) => {
    if (request.command.type !== "PlaceBid") return;
    const { requestId, amountCents } = request.command;
    const bidId = effects.get(requestId) ?? effects.size + 1;
    const first = !effects.has(requestId);
    effects.set(requestId, bidId);
    if (first && nth % 2 === 0) {
      lost++;
      request.peer.cut();
    } else {
      request.reply({ bidId, filledCents: amountCents, rank: bidId, remainingCents: 0 });
    }
  });
  open.push(peer);
  const clients = Array.from({ length: CLIENTS }, () => {
    const reconnect = { delayMsFirst: 20, delayMsMax: 200 };
    return new LoanloomClient({ url: peer.url, token: "t", reconnect });
  });
  open.push(...clients);
  const bids = await Promise.all(
    clients.map((client) => client.placeBid({ loanId: "l", amountCents: 100, fill: "exact" })),
  );
  expect(lost).toBeGreaterThan(CLIENTS / 4);
  expect(effects.size).toBe(CLIENTS);
  expect(new Set(bids.map(({ bidId }) => bidId)).size).toBe(CLIENTS);
});
