// Requests of which two readers could think differently where they end: none of them is served, and
// nothing that follows them.

import { describe, expect, test } from "vitest";
import { startFixture } from "../support/gateway-fixture.ts";
import { sendRaw } from "../support/raw-http.ts";
import { documentWorld } from "./documents/document-world.ts";

const NEXT = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
const request = (first: string, ...headers: string[]): string =>
  `${[first, "Host: x", ...headers].join("\r\n")}\r\n\r\n`;

const FIRST_LINES = [
  "GET /healthz HTTP/1.1",
  "GET /v1/accounts/alice HTTP/1.1",
  "POST /v1/custodian/callbacks HTTP/1.1",
  "PUT /v1/applications/loan-1/documents/a.pdf HTTP/1.1",
  "GET /v1/applications/loan-1/documents/1 HTTP/1.1",
  "DELETE /v1/applications/loan-1/documents/1 HTTP/1.1",
  "GET /v1/ws HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

describe("A request that could end in two places", () => {
  test.each(FIRST_LINES)("is refused, and so is what follows it: %j", async (first) => {
    const { port, counters } = await documentWorld();
    const before = counters.httpRefused;
    const alone = await sendRaw(port, request(first, "Content-Length: 0", "Content-Length: 30"));
    expect(alone.statuses).toEqual([400]);
    expect(alone.text).toContain('"error":"malformed_frame"');
    const followed = request(first, "Content-Length: 0", "Content-Length: 30") + NEXT;
    expect((await sendRaw(port, followed)).text).not.toContain("ready");
    expect(counters.httpRefused - before).toBe(2);
  });

  test.each([
    ["the same length twice", ["Content-Length: 0", "Content-Length: 0"]],
    ["two lengths in one header", ["Content-Length: 0, 0"]],
    ["an empty length", ["Content-Length:"]],
    ["a length with a sign", ["Content-Length: +0"]],
    ["a length that is no number", ["Content-Length: 0x5"]],
    ["a length beside an encoding", ["Content-Length: 5", "Transfer-Encoding: chunked"]],
    ["an encoding beside a length", ["Transfer-Encoding: chunked", "Content-Length: 5"]],
    ["two encodings", ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]],
    ["an encoding that nobody has", ["Transfer-Encoding: xchunked"]],
    ["an encoding before chunks", ["Transfer-Encoding: gzip, chunked"]],
    ["no chunks", ["Transfer-Encoding: identity"]],
  ])("is refused with %s", async (_what, headers) => {
    const { port } = await startFixture();
    const first = request("GET /healthz HTTP/1.1", ...headers);
    expect((await sendRaw(port, first)).statuses).toEqual([400]);
    const { text } = await sendRaw(port, `${first}0\r\n\r\n${NEXT}`);
    expect(text).not.toMatch(/200 OK|ready/);
  });

  test.each([
    ["no body", [], ""],
    ["a length", ["Content-Length: 5"], "hello"],
    ["chunks", ["Transfer-Encoding: Chunked"], "5\r\nhello\r\n0\r\n\r\n"],
  ])("is not one with %s: the next is served", async (_what, headers, body) => {
    const { port } = await startFixture();
    const first = request("GET /healthz HTTP/1.1", ...headers);
    expect((await sendRaw(port, first + body + NEXT)).statuses).toEqual([200, 200]);
  });
});
