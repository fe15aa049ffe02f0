// Many requests over one connection, a bounded number of them in flight: how the benchmark opens
// accounts, lists loans and reads final states. Any refusal stops it: set-up that half succeeded
// would make every later figure wrong.

import { assert, assertNever } from "../src/money/assert.ts";
import { MsgpackReader } from "../src/protocol/msgpack-reader.ts";
import { MsgpackWriter } from "../src/protocol/msgpack-writer.ts";
import {
  OPERATIONS,
  type Field,
  type Operation,
  type OperationName,
} from "../src/protocol/table.ts";
import { errorName } from "./bid-frames.ts";
import { openSocket, type Endpoint, type RawSocket } from "./raw-socket.ts";
import { REQUEST_ID_BYTES, RequestIds } from "./request-ids.ts";
import { FrameError, OPCODE, encodeFrame } from "./websocket-frames.ts";

const REPLY = 128;
const ERROR = 0;

/** Choices are given, and come back, as their index. Request ids are added by the pipe. */
export type FieldValue = string | number | boolean | null;
/** By the names in the table of messages: it decides where they stand. */
export type FieldValues = Readonly<Record<string, FieldValue>>;

export interface Requests {
  readonly operation: OperationName;
  readonly count: number;
  readonly fields: (index: number) => FieldValues;
  readonly onReply?: (index: number, reply: FieldValues) => void;
}

interface Run {
  readonly requests: Requests;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  sent: number;
  answered: number;
}

export class RequestPipe {
  readonly #inFlightMax: number;
  readonly #ids = new RequestIds();
  readonly #idBytes = Buffer.alloc(REQUEST_ID_BYTES);
  readonly #writer = new MsgpackWriter(1024);
  readonly #reader = new MsgpackReader();
  #socket: RawSocket | undefined;
  #run: Run | undefined;
  #closedBecause: string | undefined;

  private constructor(inFlightMax: number) {
    this.#inFlightMax = inFlightMax;
  }

  static async open(
    endpoint: Endpoint,
    subprotocols: readonly string[],
    inFlightMax: number,
  ): Promise<RequestPipe> {
    const pipe = new RequestPipe(inFlightMax);
    pipe.#socket = await openSocket(endpoint, subprotocols, {
      onBeforeRead: () => {},
      onMessage: (bytes, from, to) => pipe.#onMessage(bytes, from, to),
      onRead: () => pipe.#fill(),
      onClose: (reason) => {
        pipe.#closedBecause = `the operator's connection: ${reason}`;
        pipe.#run?.reject(new Error(pipe.#closedBecause));
      },
    });
    return pipe;
  }

  /** Resolves when all are answered; rejects at the first refusal. One run at a time. */
  send(requests: Requests): Promise<void> {
    if (requests.count === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (this.#closedBecause !== undefined) return reject(new Error(this.#closedBecause));
      if (this.#run !== undefined) return reject(new Error("a run is under way"));
      this.#run = { requests, resolve, reject, sent: 0, answered: 0 };
      this.#fill();
    });
  }

  close(): void {
    this.#socket?.close();
  }

  #fill(): void {
    const run = this.#run;
    if (run === undefined) return;
    const frames: Buffer[] = [];
    while (run.sent < run.requests.count && run.sent - run.answered < this.#inFlightMax) {
      frames.push(this.#frame(run.requests, run.sent++));
    }
    if (frames.length > 0) this.#socket?.send(Buffer.concat(frames));
  }

  #frame(requests: Requests, index: number): Buffer {
    const writer = this.#writer;
    const operation: Operation = OPERATIONS[requests.operation];
    const values = requests.fields(index);
    writer.reset();
    writer.arrayHeader(2 + operation.fields.length);
    writer.int(operation.number);
    writer.int(index);
    for (const field of operation.fields) {
      const value = values[field.name];
      if (field.type === "requestId") {
        this.#ids.write(this.#idBytes, 0, Date.now());
        writer.binFromLatin1(this.#idBytes.toString("latin1"));
      } else if (value === undefined || value === null) {
        assert(field.optional === true, `${requests.operation} needs ${field.name}`);
        writer.nil();
      } else if (typeof value === "string") writer.str(value);
      else if (typeof value === "boolean") writer.bool(value);
      else writer.int(value);
    }
    return encodeFrame(OPCODE.binary, writer.view());
  }

  #onMessage(bytes: Uint8Array, from: number, to: number): void {
    const reader = this.#reader;
    reader.bytes = bytes;
    reader.at = from;
    reader.end = to;
    if (reader.arrayLength() < 2) throw new FrameError("a message is an array");
    const type = reader.integer();
    const run = this.#run;
    if (type < 0 || run === undefined) return;
    const index = reader.integer();
    const { operation } = run.requests;
    if (type === ERROR) {
      const code = errorName(reader.integer());
      const detail = reader.nil() ? "" : ` (${readText(reader)})`;
      this.#run = undefined;
      const request = `${operation} ${JSON.stringify(run.requests.fields(index))}`;
      run.reject(new Error(`${request} was refused: ${code}${detail}`));
      return;
    }
    if (type !== REPLY + OPERATIONS[operation].number || index < 0 || index >= run.sent) {
      throw new FrameError(`a message of type ${type} to request ${index}`);
    }
    readText(reader);
    run.requests.onReply?.(index, readFields(reader, OPERATIONS[operation].reply));
    if (++run.answered < run.requests.count) return;
    this.#run = undefined;
    run.resolve();
  }
}

function readFields(reader: MsgpackReader, fields: readonly Field[]): FieldValues {
  const values: Record<string, FieldValue> = {};
  for (const field of fields) values[field.name] = readField(reader, field);
  return values;
}

function readField(reader: MsgpackReader, field: Field): FieldValue {
  if (field.optional === true && reader.nil()) return null;
  switch (field.type) {
    case "accountId":
    case "loanId":
    case "text":
      return readText(reader);
    case "flag":
      return reader.flag() === 1;
    case "amountCents":
    case "cents":
    case "count":
    case "timeMs":
    case "choice":
    case "errorCode": {
      const value = reader.integer();
      if (value < 0) throw new FrameError(`${field.name} is no number`);
      return value;
    }
    case "requestId":
    case "token":
    case "loanIds":
      throw new FrameError(`the benchmark reads no ${field.type}`);
    default:
      return assertNever(field.type);
  }
}

function readText(reader: MsgpackReader): string {
  const size = reader.stringLength();
  if (size < 0) throw new FrameError("a text was expected");
  const from = reader.bytes.byteOffset + reader.at;
  reader.at += size;
  return Buffer.from(reader.bytes.buffer, from, size).toString();
}
