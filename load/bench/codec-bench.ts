// What the codec costs on the way of a bid: ns of CPU time for one decode of bid.place and
// one encode of its reply, in both subprotocols, garbage collection included. Run: `node
// dist/load/bench/codec-bench.js`. Not a test: it asserts nothing about time, but checks
// that what it measured was decoded.

import { requestIdFromBytes } from "../../actors/address.ts";
import { decodeJsonRequest, decodeMsgpackRequest } from "../../src/protocol/decode-request.ts";
import type { DecodedRequest } from "../../src/protocol/commands.ts";
import { encodeReply, replyText } from "../../src/protocol/encode-reply.ts";
import { encodeRequest, requestText } from "../../src/protocol/encode-request.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";

const FRAMES = 4096;
const ROUNDS = 120;
const REPEATS = 8;

const writer = new MsgpackWriter();
const msgpack: Uint8Array[] = [];
const json: Uint8Array[] = [];
for (let frame = 0; frame < FRAMES; frame++) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const fields = {
    requestId: requestIdFromBytes(bytes),
    loanId: `loan-${1 + (frame % 1000)}`,
    amountCents: 10_000 + 100 * (frame % 5000),
    fill: frame % 2 === 0 ? "exact" : "upTo",
    minCents: frame % 2 === 0 ? null : 10_000,
  };
  writer.reset();
  encodeRequest(writer, "bid.place", frame * 1000, fields);
  msgpack.push(Buffer.from(writer.view()));
  json.push(new TextEncoder().encode(requestText("bid.place", frame * 1000, fields)));
}

/** CPU time, the best of some repeats: the machine is shared, and noise only ever adds. */
function measure(name: string, frames: number, round: () => void): void {
  round();
  let best = Infinity;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const start = process.cpuUsage();
    for (let count = 0; count < ROUNDS; count++) round();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (1000 * (user + system)) / (ROUNDS * frames));
  }
  console.log(`${name.padEnd(34)} ${best.toFixed(0).padStart(6)} ns`);
}

function decodeAll(frames: Uint8Array[], decode: (bytes: Uint8Array) => DecodedRequest): void {
  let cents = 0;
  for (const bytes of frames) {
    const decoded = decode(bytes);
    if (!decoded.ok || decoded.command.type !== "PlaceBid") throw new Error("not decoded");
    cents += decoded.command.amountCents;
  }
  if (cents === 0) throw new Error("nothing decoded");
}

measure("decode bid.place, msgpack", FRAMES, () => decodeAll(msgpack, decodeMsgpackRequest));
measure("decode bid.place, JSON", FRAMES, () => decodeAll(json, decodeJsonRequest));

const views = Array.from({ length: FRAMES }, (_, at) => ({
  type: "BidPlaced",
  bidId: at,
  filledCents: 10_000 + at * 100,
  rank: at,
  remainingCents: 100_000_000_00 - at * 100,
}));

measure("encode its reply, msgpack", FRAMES, () => {
  writer.reset();
  for (const view of views) encodeReply(writer, "bid.place", view.bidId, "0:3-1234567", view);
});

let characters = 0;
measure("encode its reply, JSON", FRAMES, () => {
  for (const view of views) {
    characters += replyText("bid.place", view.bidId, "0:3-1234567", view).length;
  }
});
if (characters === 0) throw new Error("nothing encoded");
