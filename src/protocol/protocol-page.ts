// The page for users of the protocol, made from the tables: every message with an example in both
// encodings, every path of HTTP, and every error. A pure function; `npm
// run docs` writes what it gives.

import { BEARER_ENTRY, CLOSE, CLOSE_MEANINGS, SUBPROTOCOLS } from "./connection.ts";
import {
  encodeError,
  encodePush,
  encodeReply,
  errorText,
  pushText,
  replyText,
} from "./encode-reply.ts";
import { encodeRequest, requestText } from "./encode-request.ts";
import { ERRORS, type ErrorCode } from "./errors.ts";
import { EXAMPLE_ID, EXAMPLE_POSITION, exampleOf } from "./examples.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { httpSection } from "./http-page.ts";
import { httpStatusOf } from "./http-status.ts";
import { audience, fieldTable } from "./page-tables.ts";
import { REPLY_OFFSET, ROWS_MAX } from "./plans.ts";
import {
  OPERATIONS,
  PUSHES,
  type Operation,
  type OperationName,
  type Push,
  type PushName,
} from "./table.ts";

const INTRODUCTION = `<!-- Made by "npm run docs" from table.ts, http-paths.ts and http-doors.ts. Change them, not this. -->

# The protocol of Loanloom

One WebSocket at \`/v1/ws\` carries everything: requests of the client, one reply or error for each,
and pushes that the client subscribed to. The same is in [asyncapi.json](asyncapi.json) for tools.
Documents, the custodian bank, health and metrics go over [HTTP](#http), and so may the reads.

## Connecting

Offer one of two subprotocols in \`Sec-WebSocket-Protocol\`:

- \`${SUBPROTOCOLS.json}\`: text frames, one JSON object with named fields each. For browsers and people.
- \`${SUBPROTOCOLS.msgpack}\`: binary frames, one MessagePack array with fields by position. For bots.

Present a signed JWT in one of three ways, never in the URL: in the header \`Authorization: Bearer
<jwt>\`; as a second subprotocol entry \`${BEARER_ENTRY}<jwt>\` (browsers cannot set headers; the server
answers with the \`loanloom.v1.*\` entry only); or with \`session.authenticate\` as the first message.
Its claims: \`sub\`, the account or the name of one of the staff; \`role\`, \`client\` if absent; \`iat\` and
\`exp\`, both required, in seconds: it may not be issued in the future, nor live longer than the server
allows (31 days unless it is told otherwise); \`jti\`, by which it alone can be revoked; \`iss\` and
\`aud\` where the server checks them.

## Frames

| | JSON | MessagePack |
| --- | --- | --- |
| request | \`{"op": name, "id": n, ...fields}\` | \`[number, id, ...fields]\` |
| reply | \`{"re": name, "id": n, "position": p, ...fields}\` | \`[${REPLY_OFFSET} + number, id, position, ...fields]\` |
| error | \`{"error": code, "id": n, "detail": d, "retryAfterMs": ms}\` | \`[0, id, error number, detail, retryAfterMs]\` |
| push | \`{"push": name, ...fields}\` | \`[-number, ...fields]\` |

- \`id\` is chosen by the client, an integer of 32 bits without sign, and comes back in the answer.
  Answers to different requests may come in another order. An error whose \`id\` is null is about a
  frame that could not be read, or about the session.
- \`position\` is \`shard:epoch-seq\` of the journal: all that the reply says is durable up to there.
- Amounts are integers of minor units; times are milliseconds since the epoch, UTC. In JSON a number
  is written with digits only; in MessagePack as any integer, or as a float 64 beyond 32 bits.
- One of several choices is its name in JSON and its number in MessagePack, which stands behind it
  below. The code of an error likewise.
- A list of rows is an array of objects in JSON, and an array of arrays in MessagePack, its columns in
  the order below. It has at most ${ROWS_MAX} rows, so that a reply stays well below what may wait
  unsent for one connection; what may have more is asked for in parts.
- A field that may be left out may also be null. In MessagePack the array may end before fields that
  are left out. Fields that do not exist are refused.
- Frames of the server may get more fields at the end, and there may be new pushes and new errors:
  pass over what you do not know.

## Asking once

A request that changes something carries a \`requestId\`, a UUID of version 7: text in JSON, its 16
bytes (bin 8) in MessagePack. Send the same request with the same \`requestId\` as often as you like:
it has its effect at most once, and every answer is the first one, refusals included. So after a lost
connection, send again whatever was not answered. The same id with other fields is
\`request_id_reused\`; an id older than what the account remembers is \`request_id_too_old\`, and
has not been executed again. \`request.outcome\` tells what a request came to.

## Close codes

| code | meaning |
| --- | --- |
| 1009 | a frame was larger than the server accepts |
${closeRows()}
`;

function closeRows(): string {
  const names = Object.keys(CLOSE) as (keyof typeof CLOSE)[];
  return names.map((name) => `| ${CLOSE[name]} | ${CLOSE_MEANINGS[name]} |`).join("\n");
}

export function protocolPage(): string {
  const operations = (Object.entries(OPERATIONS) as [OperationName, Operation][]).map(
    ([name, row]) => operationSection(name, row),
  );
  const pushes = (Object.entries(PUSHES) as [PushName, Push][]).map(([name, row]) =>
    pushSection(name, row),
  );
  return [
    INTRODUCTION,
    "## Operations",
    ...operations,
    "## Pushes",
    ...pushes,
    "## HTTP",
    httpSection(),
    "## Errors",
    errorSection(),
    "",
  ].join("\n\n");
}

function operationSection(name: OperationName, row: Operation): string {
  const request = exampleOf(row.fields);
  const reply = exampleOf(row.reply);
  const id = EXAMPLE_ID;
  return [
    `### ${name}`,
    `${row.about} ${audience(row)}${row.mutates ? " Has its effect at most once." : ""}`,
    fieldTable("Request", row.fields),
    fieldTable("Reply", row.reply),
    example("request", requestText(name, id, request), (to) =>
      encodeRequest(to, name, id, request),
    ),
    example("reply", replyText(name, id, positionOf(name), reply), (to) =>
      encodeReply(to, name, id, positionOf(name), reply),
    ),
  ].join("\n\n");
}

function pushSection(name: PushName, row: Push): string {
  const view = exampleOf(row.fields);
  return [
    `### ${name}`,
    row.about,
    fieldTable("Push", row.fields),
    example("push", pushText(name, view), (to) => encodePush(to, name, view)),
  ].join("\n\n");
}

function errorSection(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { number, retry, meaning }]) =>
      `| ${number} | \`${code}\` | ${httpNumber(code as ErrorCode)} | ${retry ? "yes" : ""} | ${meaning} |`,
  );
  const errorExample = example("error", errorText(EXAMPLE_ID, "rate_limited", null, 250), (to) =>
    encodeError(to, EXAMPLE_ID, "rate_limited", null, 250),
  );
  return [
    "`retry`: the very same request may succeed later; wait `retryAfterMs` where it is given. `HTTP`: the " +
      "status that it comes with there.",
    errorExample,
    ["| number | code | HTTP | retry | meaning |", "| --- | --- | --- | --- | --- |", ...rows].join(
      "\n",
    ),
  ].join("\n\n");
}

function httpNumber(code: ErrorCode): string {
  return httpStatusOf(code).slice(0, 3);
}

/** What concerns the session only is not in any journal. */
function positionOf(name: OperationName): string {
  return name.startsWith("session.") ? "" : EXAMPLE_POSITION;
}

function example(what: string, json: string, write: (to: MsgpackWriter) => void): string {
  const writer = new MsgpackWriter(512);
  write(writer);
  const hex = Array.from(writer.view(), (byte) => byte.toString(16).padStart(2, "0"));
  const lines: string[] = [];
  for (let at = 0; at < hex.length; at += 32) lines.push(hex.slice(at, at + 32).join(" "));
  return [
    "```text",
    `${what}, JSON`,
    json,
    "",
    `${what}, MessagePack, ${hex.length} bytes`,
    ...lines,
    "```",
  ].join("\n");
}
