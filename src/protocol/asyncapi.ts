// The AsyncAPI 3.0 document of the protocol, made from the table: a pure function of it. It tells
// the JSON form as schemas, and of the msgpack form the numbers and the order of fields.

import { AMOUNT_CENTS_MAX } from "../money/cents.ts";
import { ID_LENGTH_MAX } from "../../actors/address.ts";
import { BEARER_ENTRY, SUBPROTOCOLS } from "./connection.ts";
import { ERRORS } from "./errors.ts";
import { EXAMPLE_ID, EXAMPLE_POSITION, exampleOf } from "./examples.ts";
import { errorText, pushText, replyText } from "./encode-reply.ts";
import { requestText } from "./encode-request.ts";
import {
  CORRELATION_ID_MAX,
  PAGE_LENGTH_MAX,
  DAY_MAX,
  RATE_PPM_MIN,
  REPLY_OFFSET,
  ROWS_MAX,
  TEXT_LENGTH_MAX,
  TOKEN_LENGTH_MAX,
} from "./plans.ts";
import {
  OPERATIONS,
  PUSHES,
  type Field,
  type Operation,
  type OperationName,
  type Push,
  type PushName,
} from "./table.ts";

type Json = Record<string, unknown>;

const operations = Object.entries<Operation>(OPERATIONS) as [OperationName, Operation][];
const pushes = Object.entries<Push>(PUSHES) as [PushName, Push][];

export function asyncApiDocument(): Json {
  const messages = { ...allRequests(), ...allReplies(), ...allPushes(), error: errorMessage() };
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Loanloom",
      version: "1.0.0",
      description:
        "Bidding, accounts and the market feed over one WebSocket. This document describes the " +
        `subprotocol ${SUBPROTOCOLS.json}; ${SUBPROTOCOLS.msgpack} has the same messages as arrays, in ` +
        "the order that x-msgpack gives. PROTOCOL.md shows both with examples.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: {
      server: {
        host: "{host}",
        protocol: "wss",
        description: "Any Loanloom server; ws without TLS on a development machine.",
        variables: { host: { description: "host and port", default: "localhost:8080" } },
        security: [ref("components/securitySchemes/token")],
      },
    },
    channels: {
      session: {
        address: "/v1/ws",
        title: "One session",
        description: "Requests of the client, and replies, errors and pushes of the server.",
        messages: mapped(messages, (_, name) => ref(`components/messages/${name}`)),
        bindings: { ws: { method: "GET", headers: handshakeHeaders(), bindingVersion: "0.1.0" } },
      },
    },
    operations: { ...requestOperations(), ...pushOperations() },
    components: {
      messages,
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            `In the Authorization header, or as a subprotocol entry ${BEARER_ENTRY}<jwt> beside ` +
            "loanloom.v1.*, or with session.authenticate as the first message. Never in the URL.",
        },
      },
    },
  };
}

function ref(path: string): Json {
  return { $ref: `#/${path}` };
}

function mapped<Value>(of: Json, make: (value: unknown, key: string) => Value): Json {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, make(value, key)]));
}

function channelMessage(name: string): Json {
  return ref(`channels/session/messages/${name}`);
}

function handshakeHeaders(): Json {
  const subprotocols = `${SUBPROTOCOLS.json} or ${SUBPROTOCOLS.msgpack}, and ${BEARER_ENTRY}<jwt> if need be`;
  return {
    type: "object",
    properties: { "Sec-WebSocket-Protocol": { type: "string", description: subprotocols } },
    required: ["Sec-WebSocket-Protocol"],
  };
}

function requestOperations(): Json {
  const entries = operations.map(([name, row]) => [
    name,
    {
      action: "receive",
      channel: ref("channels/session"),
      summary: row.about,
      messages: [channelMessage(`${name}.request`)],
      reply: {
        channel: ref("channels/session"),
        messages: [channelMessage(`${name}.reply`), channelMessage("error")],
      },
      tags: row.roles.map((role) => ({ name: role })),
      "x-subject": row.subject,
      "x-mutates": row.mutates,
    },
  ]);
  return Object.fromEntries(entries) as Json;
}

function pushOperations(): Json {
  const entries = pushes.map(([name, row]) => [
    name,
    {
      action: "send",
      channel: ref("channels/session"),
      summary: row.about,
      messages: [channelMessage(`${name}.push`)],
    },
  ]);
  return Object.fromEntries(entries) as Json;
}

function allRequests(): Json {
  const entries = operations.map(([name, row]) => {
    const head = { op: { const: name }, id: idSchema() };
    const payload = objectSchema(head, row.fields, true);
    const example = requestText(name, EXAMPLE_ID, exampleOf(row.fields));
    const order = [row.number, "id", ...row.fields.map(placeOf)];
    return [`${name}.request`, message(row.about, payload, example, order)];
  });
  return Object.fromEntries(entries) as Json;
}

function allReplies(): Json {
  const entries = operations.map(([name, row]) => {
    const head = { re: { const: name }, id: idSchema(), position: positionSchema() };
    const payload = objectSchema(head, row.reply, false);
    const example = replyText(name, EXAMPLE_ID, EXAMPLE_POSITION, exampleOf(row.reply));
    const order = [REPLY_OFFSET + row.number, "id", "position", ...row.reply.map(placeOf)];
    return [`${name}.reply`, message(`Answer to ${name}.`, payload, example, order)];
  });
  return Object.fromEntries(entries) as Json;
}

function allPushes(): Json {
  const entries = pushes.map(([name, row]) => {
    const payload = objectSchema({ push: { const: name } }, row.fields, false);
    const example = pushText(name, exampleOf(row.fields));
    const order = [-row.number, ...row.fields.map(placeOf)];
    return [`${name}.push`, message(row.about, payload, example, order)];
  });
  return Object.fromEntries(entries) as Json;
}

/** A field by its name; rows with the order of their columns. */
function placeOf({ name, columns }: Field): unknown {
  return columns === undefined ? name : { [name]: columns.map(placeOf) };
}

function errorMessage(): Json {
  const payload = {
    type: "object",
    properties: {
      error: errorCodeSchema(),
      id: { ...idSchema(), type: ["integer", "null"] },
      detail: { type: ["string", "null"], description: "for people; not stable" },
      retryAfterMs: { type: ["integer", "null"], minimum: 0 },
    },
    required: ["error", "id", "detail", "retryAfterMs"],
  };
  const example = errorText(EXAMPLE_ID, "loan_full", null, null);
  const order = [0, "id", "error", "detail", "retryAfterMs"];
  return message("A request is refused, or the session is about to end.", payload, example, order);
}

function message(summary: string, payload: Json, example: string, order: unknown[]): Json {
  const examples = [{ payload: JSON.parse(example) as Json }];
  return { summary, payload, examples, "x-msgpack": order };
}

/** A request with unknown members is refused; replies and pushes may grow. */
function objectSchema(head: Json, fields: readonly Field[], isRequest: boolean): Json {
  const required = fields.filter((field) => !(isRequest && field.optional));
  return {
    type: "object",
    properties: {
      ...head,
      ...Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)])),
    },
    required: [...Object.keys(head), ...required.map((field) => field.name)],
    ...(isRequest ? { additionalProperties: false } : {}),
  };
}

function idSchema(): Json {
  const description = "chosen by the client, repeated in the answer";
  return { type: "integer", minimum: 0, maximum: CORRELATION_ID_MAX, description };
}

function positionSchema(): Json {
  return {
    type: "string",
    description: "shard:epoch-seq of the journal, durable up to there; empty where nothing is",
  };
}

function errorCodeSchema(): Json {
  return { type: "string", enum: Object.keys(ERRORS) };
}

function fieldSchema(field: Field): Json {
  const schema = { ...typeSchema(field), description: field.about };
  if (field.optional !== true) return schema;
  const nullable: Json = { ...schema, type: [(schema as Json)["type"], "null"] };
  if (Array.isArray(nullable["enum"])) nullable["enum"] = [...(nullable["enum"] as []), null];
  return nullable;
}

function typeSchema(field: Field): Json {
  switch (field.type) {
    case "requestId":
      return { type: "string", format: "uuid" };
    case "accountId":
    case "loanId":
      return { type: "string", pattern: `^[A-Za-z0-9][A-Za-z0-9._-]{0,${ID_LENGTH_MAX - 1}}$` };
    case "amountCents":
      return { type: "integer", minimum: 1, maximum: AMOUNT_CENTS_MAX };
    case "cents":
    case "count":
    case "timeMs":
      return { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
    case "day":
      return { type: "integer", minimum: 1, maximum: DAY_MAX };
    case "ratePpm":
      return { type: "integer", minimum: RATE_PPM_MIN, maximum: Number.MAX_SAFE_INTEGER };
    case "text":
      return { type: "string", maxLength: TEXT_LENGTH_MAX };
    case "sha256":
      return { type: "string", pattern: "^[0-9a-f]{64}$" };
    case "page":
      return { type: "string", maxLength: PAGE_LENGTH_MAX };
    case "token":
      return { type: "string", minLength: 1, maxLength: TOKEN_LENGTH_MAX };
    case "flag":
      return { type: "boolean" };
    case "choice":
      return { type: "string", enum: field.choices };
    case "errorCode":
      return errorCodeSchema();
    case "loanIds":
      return { type: "array", items: { type: "string" } };
    case "rows":
      return { type: "array", maxItems: ROWS_MAX, items: objectSchema({}, field.columns!, false) };
  }
}
