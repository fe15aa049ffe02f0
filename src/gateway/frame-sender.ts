// Writes frames to sockets, in the encoding of each session. MessagePack goes through one reused
// writer: uWebSockets.js copies or sends the bytes before `send` returns.
//
// A frame that was dropped for backpressure makes the session short: nothing may follow it, and the
// socket is closed. A client never misses a frame in silence.

import type { ErrorCode } from "../protocol/errors.ts";
import { encodeError, encodePush, encodeReply } from "../protocol/encode-reply.ts";
import { errorText, pushText, replyText } from "../protocol/encode-reply.ts";
import { MsgpackWriter } from "../protocol/msgpack-writer.ts";
import type { OperationName, PushName } from "../protocol/table.ts";
import type { GatewayCounters } from "./counters.ts";
import type { Session } from "./session.ts";

const DROPPED = 2;

export class FrameSender {
  readonly #counters: GatewayCounters;
  readonly #writer = new MsgpackWriter();

  constructor(counters: GatewayCounters) {
    this.#counters = counters;
  }

  /** `position` is empty where nothing durable is meant. */
  reply(
    session: Session,
    operation: OperationName,
    id: number,
    position: string,
    view: object,
  ): void {
    if (session.isBinary) {
      this.#writer.reset();
      encodeReply(this.#writer, operation, id, position, view);
      this.#send(session, this.#writer.view());
    } else {
      this.#send(session, replyText(operation, id, position, view));
    }
  }

  /** `detail` says what was wrong with the request, in words; it never tells of others. */
  error(
    session: Session,
    id: number | null,
    code: ErrorCode,
    detail: string | null = null,
    retryAfterMs: number | null = null,
  ): void {
    if (session.isBinary) {
      this.#writer.reset();
      encodeError(this.#writer, id, code, detail, retryAfterMs);
      this.#send(session, this.#writer.view());
    } else {
      this.#send(session, errorText(id, code, detail, retryAfterMs));
    }
  }

  push(session: Session, push: PushName, view: object): void {
    this.#send(session, this.pushFrame(session.isBinary, push, view));
  }

  /** A push that is sent to many. Bytes are valid until the next frame is encoded. */
  pushFrame(isBinary: boolean, push: PushName, view: object): Uint8Array | string {
    if (!isBinary) return pushText(push, view);
    this.#writer.reset();
    encodePush(this.#writer, push, view);
    return this.#writer.view();
  }

  #send(session: Session, frame: Uint8Array | string): void {
    const { socket } = session;
    if (socket === undefined || session.isShort) return;
    if (socket.send(frame, session.isBinary) === DROPPED) session.isShort = true;
    else this.#counters.framesSent++;
  }
}
