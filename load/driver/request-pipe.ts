// Many requests over one connection, a bounded number of them in flight: how the benchmark opens
// accounts, lists loans and reads final states. A request that is told to wait is sent again; any
// other refusal stops it: set-up that half succeeded would make every later figure wrong.

import { requestIdFromBytes, type RequestId } from "../../actors/address.ts";
import { decodeMsgpackReply } from "../../src/protocol/decode-reply.ts";
import { encodeRequest } from "../../src/protocol/encode-request.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import type { OperationName } from "../../src/protocol/table.ts";
import { openSocket, type Endpoint, type RawSocket } from "./raw-socket.ts";
import { REQUEST_ID_BYTES, RequestIds } from "./request-ids.ts";
import { FrameError, OPCODE, encodeFrame } from "./websocket-frames.ts";

export interface Requests {
  readonly operation: OperationName;
  readonly count: number;
  /** All but the request id, which the pipe adds. */
  readonly fields: (index: number) => object;
  readonly onReply?: (index: number, view: Readonly<Record<string, unknown>>) => void;
  /** Refusals that are as good as an answer. */
  readonly tolerates?: readonly string[];
}

interface Run {
  readonly requests: Requests;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** Of requests that are not answered, by their index: to wait is to send the very same again. */
  readonly ids: Map<number, RequestId>;
  sent: number;
  answered: number;
  /** Requests that were told to wait, one after the other, without any answer between. */
  waitedInRow: number;
}

/** A server that only ever tells to wait does not serve. */
const WAITED_IN_ROW_MAX = 100_000;

export class RequestPipe {
  readonly #inFlightMax: number;
  readonly #ids = new RequestIds();
  readonly #idBytes = Buffer.alloc(REQUEST_ID_BYTES);
  readonly #writer = new MsgpackWriter(1024);
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
      onMessage: (bytes, from, to) => pipe.#onMessage(bytes.subarray(from, to)),
      onRead: () => pipe.#fill(),
      onClose: (reason) => {
        pipe.#closedBecause = `the operator's connection: ${reason}`;
        pipe.#run?.reject(new Error(pipe.#closedBecause));
      },
    });
    // A token is verified behind the handshake, and only a few frames may come before that is done.
    await pipe.send({ operation: "session.ping", count: 1, fields: () => ({}) });
    return pipe;
  }

  /** Resolves when all are answered; rejects at the first refusal. One run at a time. */
  send(requests: Requests): Promise<void> {
    if (requests.count === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (this.#closedBecause !== undefined) return reject(new Error(this.#closedBecause));
      if (this.#run !== undefined) return reject(new Error("a run is under way"));
      this.#run = {
        requests,
        resolve,
        reject,
        ids: new Map(),
        sent: 0,
        answered: 0,
        waitedInRow: 0,
      };
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
      frames.push(this.#frame(run, run.sent++));
    }
    if (frames.length > 0) this.#socket?.send(Buffer.concat(frames));
  }

  #frame({ requests, ids }: Run, index: number): Buffer {
    let requestId = ids.get(index);
    if (requestId === undefined) {
      this.#ids.write(this.#idBytes, 0, Date.now());
      requestId = requestIdFromBytes(this.#idBytes);
      ids.set(index, requestId);
    }
    const { operation, fields } = requests;
    this.#writer.reset();
    encodeRequest(this.#writer, operation, index, { requestId, ...fields(index) });
    return encodeFrame(OPCODE.binary, this.#writer.view());
  }

  #onMessage(bytes: Uint8Array): void {
    const run = this.#run;
    const message = decodeMsgpackReply(bytes);
    if (run === undefined || message.kind === "push" || message.kind === "unknown") return;
    const { operation, count, fields, onReply, tolerates = [] } = run.requests;
    if (message.kind === "error" && !tolerates.includes(message.code)) {
      const { id, code, detail, retryAfterMs } = message;
      if (id !== null && retryAfterMs !== null && ++run.waitedInRow < WAITED_IN_ROW_MAX) {
        setTimeout(() => {
          if (this.#run === run) this.#socket?.send(this.#frame(run, id));
        }, retryAfterMs);
        return;
      }
      const request = `${operation} ${id === null ? "" : JSON.stringify(fields(id))}`;
      this.#run = undefined;
      return run.reject(new Error(`${request} was refused: ${code} ${detail ?? ""}`));
    }
    if (
      message.kind === "malformed" ||
      (message.kind === "reply" && message.operation !== operation)
    ) {
      throw new FrameError(`a message that answers no ${operation}`);
    }
    run.waitedInRow = 0;
    if (message.id !== null) run.ids.delete(message.id);
    if (message.kind === "reply") onReply?.(message.id, message.view);
    if (++run.answered < count) return;
    this.#run = undefined;
    run.resolve();
  }
}
