// Many requests over one connection, a bounded number of them in flight: how the benchmark opens
// accounts, lists loans and reads final states. Any refusal stops it: set-up that half succeeded
// would make every later figure wrong.

import { MsgpackReader } from "../src/protocol/msgpack-reader.ts";
import { MsgpackWriter } from "../src/protocol/msgpack-writer.ts";
import { errorName } from "./bid-frames.ts";
import { openSocket, type Endpoint, type RawSocket } from "./raw-socket.ts";
import { REQUEST_ID_BYTES, RequestIds } from "./request-ids.ts";
import { FrameError, OPCODE, encodeFrame } from "./websocket-frames.ts";

const REPLY = 128;
const ERROR = 0;

export type FieldValue = string | number | boolean | null | typeof FRESH_ID;
/** Stands for a new request id. */
export const FRESH_ID = Symbol("a fresh request id");

export interface Requests {
  readonly operation: number;
  readonly count: number;
  readonly fields: (index: number) => readonly FieldValue[];
  /** The reader stands at the reply's first field. */
  readonly onReply?: (index: number, reader: MsgpackReader) => void;
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
        pipe.#closedBecause = reason;
        pipe.#run?.reject(new Error(reason));
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
    const fields = requests.fields(index);
    writer.reset();
    writer.arrayHeader(2 + fields.length);
    writer.int(requests.operation);
    writer.int(index);
    for (const field of fields) {
      if (field === FRESH_ID) {
        this.#ids.write(this.#idBytes, 0, Date.now());
        writer.binFromLatin1(this.#idBytes.toString("latin1"));
      } else if (field === null) writer.nil();
      else if (typeof field === "string") writer.str(field);
      else if (typeof field === "boolean") writer.bool(field);
      else writer.int(field);
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
    if (type === ERROR) {
      const code = errorName(reader.integer());
      this.#run = undefined;
      run.reject(new Error(`operation ${run.requests.operation} was refused: ${code}`));
      return;
    }
    if (type !== REPLY + run.requests.operation || index < 0 || index >= run.sent) {
      throw new FrameError(`a message of type ${type} to request ${index}`);
    }
    readText(reader);
    run.requests.onReply?.(index, reader);
    if (++run.answered < run.requests.count) return;
    this.#run = undefined;
    run.resolve();
  }
}

/** A text field of a reply. */
export function readText(reader: MsgpackReader): string {
  const size = reader.stringLength();
  if (size < 0) throw new FrameError("a text was expected");
  reader.at += size;
  return Buffer.from(
    reader.bytes.buffer,
    reader.bytes.byteOffset + reader.at - size,
    size,
  ).toString();
}
