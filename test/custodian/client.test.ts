// What the client makes of a custodian that misbehaves: a real HTTP server that answers as each
// test wants. What it does against a custodian that behaves is in sandbox/.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { CLIENT_LIMITS, HttpCustodian, type ClientLimits } from "../../src/custodian/client.ts";
import { systemEnvironment } from "../../src/custodian/environment.ts";
import { refusalOf, SIGNATURE_HEADER } from "../../src/custodian/signature.ts";
import type { StatementDate } from "../../src/custodian/statement-date.ts";
import { KEY, order } from "./orders.ts";
import { EAGER_LIMITS } from "./sandbox-process.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const DATE = "2026-11-24" as StatementDate;
const ONE_ATTEMPT: ClientLimits = { ...EAGER_LIMITS, attemptsMax: 1 };
const IMPATIENT: ClientLimits = { ...ONE_ATTEMPT, answerMsMax: 150 };

async function against(answer: Answer, limits = ONE_ATTEMPT): Promise<HttpCustodian> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += String(piece)));
    request.on("end", () => answer(request, response, body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const environment = systemEnvironment;
  const url = `http://127.0.0.1:${port}/bank/`;
  const client = new HttpCustodian({ url, keys: [KEY], environment, limits });
  onTestFinished(() => {
    client.close();
    server.close();
    server.closeAllConnections();
  });
  return client;
}

function fields(status: number, answer: object): Answer {
  return (_request, response) => response.writeHead(status).end(JSON.stringify(answer));
}

const PENDING = { reference: "w-1", status: "pending" };

describe("The client", () => {
  test("signs method, path and body, below the path that it was given", async () => {
    const seen: unknown[] = [];
    const client = await against((request, response, body) => {
      const header = request.headers[SIGNATURE_HEADER] as string;
      const content = [`${request.method} ${request.url}\n${body}`];
      const when = { keys: [KEY], nowMs: Date.now(), toleranceMs: 5_000 };
      seen.push([request.url, refusalOf({ header, content, ...when }), JSON.parse(body)]);
      fields(202, PENDING)(request, response, body);
    });
    const sent = await client.sendPayout(order("w-1"));
    expect(sent).toEqual({ kind: "accepted", payout: { status: "pending" } });
    expect(seen).toEqual([["/bank/payouts", undefined, order("w-1")]]);
  });

  test.each<[string, Answer, string]>([
    ["500", fields(500, PENDING), "server_error"],
    ["429", fields(429, {}), "server_error"],
    ["401", fields(401, { error: "signature_invalid" }), "rejected"],
    ["a redirect", (_, r) => r.writeHead(307, { location: "/payouts" }).end(), "rejected"],
    ["404 by somebody else", fields(404, {}), "rejected"],
    ["409 by somebody else", fields(409, {}), "rejected"],
    ["422 without a reason", fields(422, { reference: "w-1" }), "rejected"],
    ["422 with prose", fields(422, { reference: "w-1", reason: "No!" }), "rejected"],
    ["200", fields(200, PENDING), "malformed_answer"],
    ["no JSON", (_, r) => r.writeHead(202).end("<html>"), "malformed_answer"],
    [
      "the answer to another payout",
      fields(202, { ...PENDING, reference: "w-2" }),
      "malformed_answer",
    ],
    ["a status that is none", fields(202, { ...PENDING, status: "paid" }), "malformed_answer"],
    ["no answer", () => undefined, "timeout"],
    ["a connection that is cut", (request) => request.socket.destroy(), "unreachable"],
    [
      "half an answer",
      (request, response) => {
        response.writeHead(202, { "content-length": 100 }).write("{");
        setTimeout(() => request.socket.destroy(), 10);
      },
      "unreachable",
    ],
    [
      "an answer that drips and never ends",
      (_, response) => {
        response.writeHead(202).write("{");
        const dripping = setInterval(() => response.write(" "), 20);
        response.once("close", () => clearInterval(dripping));
      },
      "timeout",
    ],
    [
      "an answer without end",
      (_, response) => {
        response.writeHead(202);
        const more = (): void => {
          response.write(" ".repeat(1_024));
          if (!response.destroyed) setImmediate(more);
        };
        more();
      },
      "malformed_answer",
    ],
  ])(
    "takes %s for no answer to a payout: neither paid nor refused",
    async (_name, answer, fault) => {
      const client = await against(answer, fault === "timeout" ? IMPATIENT : ONE_ATTEMPT);
      expect(await client.sendPayout(order("w-1"))).toMatchObject({ kind: "unknown", fault });
    },
  );

  test.each([
    [2, 3, "accepted"],
    [3, 3, "unknown"],
  ])("asks a custodian that fails %d times, %d times: %s", async (failures, asks, kind) => {
    let asked = 0;
    const answer: Answer = (...args) => fields(++asked > failures ? 202 : 503, PENDING)(...args);
    const client = await against(answer, EAGER_LIMITS);
    expect(await client.sendPayout(order("w-1"))).toMatchObject({ kind });
    expect(asked).toBe(asks);
    expect(client.counters.attempts).toBe(asks);
    expect(client.counters.faults.server_error).toBe(Math.min(failures, asks));
  });

  test("asks nothing any more while the circuit is open, and says for how long", async () => {
    let asked = 0;
    const answer: Answer = (...args) => {
      asked++;
      fields(503, {})(...args);
    };
    const circuit = { ...CLIENT_LIMITS.circuit, delayMsFirst: 60_000, delayMsMax: 60_000 };
    const client = await against(answer, { ...ONE_ATTEMPT, circuit });
    for (let calls = 0; calls < 8; calls++) await client.sendPayout(order("w-1"));
    expect(asked).toBe(circuit.callsMin);
    expect(client.circuitState).toBe("open");
    const sent = await client.sendPayout(order("w-1"));
    expect(sent).toMatchObject({ kind: "unknown", fault: "circuit_open" });
    expect((sent as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(29_000);
  });

  test("ends what is under way when it is closed, and asks nothing after it", async () => {
    let asked = 0;
    const client = await against(() => void asked++, EAGER_LIMITS);
    const sent = client.sendPayout(order("w-1"));
    while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    client.close();
    expect(await sent).toMatchObject({ kind: "unknown", fault: "closed" });
    expect(await client.sendPayout(order("w-1"))).toMatchObject({ fault: "closed" });
    expect(asked).toBe(1);
  });
});

const OPENING = { kind: "opening", date: DATE, utcOffsetMinutes: 480, balanceCents: 10 };
const AT_MS = Date.parse("2026-11-24T04:00:00Z");
const DEPOSIT = {
  ...{ kind: "deposit", reference: "d-1", accountId: "a" },
  ...{ amountCents: 5, bookedAtMs: AT_MS, balanceCents: 15 },
};
const PAYOUT = { ...DEPOSIT, kind: "payout", reference: "w-1", amountCents: 15, balanceCents: 0 };
const CLOSING = { kind: "closing", lines: 2, balanceCents: 0, isFinal: true };
const GOOD = [OPENING, DEPOSIT, PAYOUT, CLOSING];

function text(lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

describe("The client, reading a statement,", () => {
  test("takes it in whatever pieces it comes", async () => {
    const client = await against((_, response) => {
      const bytes = [...text(GOOD)];
      response.writeHead(200);
      const next = (): unknown =>
        bytes.length === 0 ? response.end() : response.write(bytes.splice(0, 7).join(""), next);
      next();
    });
    const read = await client.readStatement(DATE);
    expect(read).toMatchObject({
      kind: "read",
      statement: { openingCents: 10, closingCents: 0, isFinal: true, utcOffsetMinutes: 480 },
    });
    expect(read.kind === "read" && read.statement.lines.map(({ reference }) => reference)).toEqual([
      "d-1",
      "w-1",
    ]);
  });

  const whole = text(GOOD);
  test.each<[string, string]>([
    ["nothing", ""],
    ["one without its end", text(GOOD.slice(0, -1))],
    ["one without its beginning", text(GOOD.slice(1))],
    ["one that was cut within a line", whole.slice(0, -20)],
    ["one that was cut before the last newline", whole.slice(0, -1)],
    ["lines behind its end", whole + text([DEPOSIT])],
    ["one that lost a line", text([OPENING, DEPOSIT, { ...CLOSING, balanceCents: 15 }])],
    ["one whose balance does not follow", text([OPENING, { ...DEPOSIT, balanceCents: 16 }])],
    ["one that ends with another balance", text([OPENING, { ...CLOSING, lines: 0 }])],
    ["one of another day", text([{ ...OPENING, date: "2026-11-23" }, ...GOOD.slice(1)])],
    ["a booking of another day", text([OPENING, { ...DEPOSIT, bookedAtMs: 1 }, PAYOUT, CLOSING])],
    ["an offset that is none", text([{ ...OPENING, utcOffsetMinutes: 1e9 }, ...GOOD.slice(1)])],
    ["an endless line", `{"kind":"${"x".repeat(100_000)}`],
    ["no JSON", "opening\n"],
  ])("refuses %s as a whole", async (_name, body) => {
    const client = await against((_request, response) => response.writeHead(200).end(body));
    expect(await client.readStatement(DATE)).toMatchObject({
      kind: "unknown",
      fault: "malformed_answer",
    });
  });

  test("stops at its limit, however much more comes", async () => {
    let closed = false;
    const client = await against(
      (_, response) => {
        response.writeHead(200).write(text([OPENING]));
        let balanceCents = 10;
        const more = (): void => {
          response.write(text([{ ...DEPOSIT, balanceCents: (balanceCents += 5) }]));
          if (!closed) setImmediate(more);
        };
        response.once("close", () => (closed = true));
        more();
      },
      { ...ONE_ATTEMPT, statementLinesMax: 100 },
    );
    expect(await client.readStatement(DATE)).toMatchObject({ fault: "malformed_answer" });
    while (!closed) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
