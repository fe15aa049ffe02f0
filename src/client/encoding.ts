// The two forms in which a client can speak, behind one interface.

import { SUBPROTOCOLS } from "../protocol/connection.ts";
import {
  decodeJsonReply,
  decodeMsgpackReply,
  type ServerMessage,
} from "../protocol/decode-reply.ts";
import { encodeRequest, requestText } from "../protocol/encode-request.ts";
import { MsgpackWriter } from "../protocol/msgpack-writer.ts";
import type { OperationName } from "../protocol/table.ts";

export type EncodingName = "msgpack" | "json";

export interface Encoding {
  readonly subprotocol: string;
  encode(operation: OperationName, id: number, fields: object): Uint8Array | string;
  decode(frame: ArrayBuffer | string): ServerMessage;
}

const MALFORMED: ServerMessage = { kind: "malformed", id: null };

/** Shared by all clients of the process: it is written and copied within one call. */
const writer = new MsgpackWriter(8 * 1024);

export const ENCODINGS: Readonly<Record<EncodingName, Encoding>> = {
  msgpack: {
    subprotocol: SUBPROTOCOLS.msgpack,
    encode(operation, id, fields) {
      writer.reset();
      encodeRequest(writer, operation, id, fields);
      return new Uint8Array(writer.view());
    },
    decode: (frame) =>
      typeof frame === "string" ? MALFORMED : decodeMsgpackReply(new Uint8Array(frame)),
  },
  json: {
    subprotocol: SUBPROTOCOLS.json,
    encode: requestText,
    decode: (frame) => (typeof frame === "string" ? decodeJsonReply(frame) : MALFORMED),
  },
};
