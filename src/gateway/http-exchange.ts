// One HTTP request and its one answer, also when it comes later or the client has gone. It stands
// where a session stands in a request to the runtime.

import type * as uWS from "uWebSockets.js";
import type { ErrorCode } from "../protocol/errors.ts";
import { httpStatusOf } from "../protocol/http-status.ts";
import { OPERATION_PLANS } from "../protocol/plans.ts";
import type { OperationName } from "../protocol/table.ts";
import { fieldsText } from "../protocol/write-fields.ts";
import type { Answer } from "../runtime/port.ts";
import type { Principal } from "./authenticator.ts";

/** Answers are data, never pages: nothing may be framed, sniffed, cached or run. */
const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ["X-Content-Type-Options", "nosniff"],
  ["Cache-Control", "no-store"],
  ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
  ["Referrer-Policy", "no-referrer"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
];

const JSON_TYPE = "application/json; charset=utf-8";

export interface HttpAnswer {
  readonly status: string;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: readonly (readonly [string, string])[];
}

export class HttpExchange {
  readonly startedAtMs: number;
  /** The operation that a read stands for; null for what the gateway answers itself. */
  operation: OperationName | null = null;
  /** Who asks, once that is known. */
  principal: Principal | null = null;
  /** Undefined once it was answered or the client has gone: the native object is invalid then. */
  #response: uWS.HttpResponse | undefined;
  readonly #isHead: boolean;
  #keepsAlive: boolean;
  #isLast = false;
  /** Goes on with a body that comes in pieces: true when the next one may follow. */
  #proceed: ((goesOn: boolean) => void) | null = null;
  #ended: (exchange: HttpExchange) => void;
  #onEnd: () => void = () => undefined;

  constructor(
    response: uWS.HttpResponse,
    method: string,
    startedAtMs: number,
    ended: (exchange: HttpExchange) => void,
  ) {
    this.#response = response;
    this.#isHead = method === "head";
    // A body that came with another method was not read: what follows it cannot be told apart.
    this.#keepsAlive = method === "get" || method === "head";
    this.startedAtMs = startedAtMs;
    this.#ended = ended;
    response.onAborted(() => this.#end());
  }

  get isOpen(): boolean {
    return this.#response !== undefined;
  }

  /** Called once, when it was answered or the client has gone. */
  onEnd(ended: () => void): void {
    if (this.isOpen) this.#onEnd = ended;
    else ended();
  }

  /**
   * The whole body, or null as soon as it is larger. Only while the request is being handled; not
   * called when the client goes before its end, nor after an answer.
   */
  readBody(bytesMax: number, done: (body: Uint8Array | null) => void): void {
    const pieces: Buffer[] = [];
    let bytes = 0;
    this.#response?.onData((piece, isLast) => {
      if (!this.isOpen || bytes > bytesMax) return;
      bytes += piece.byteLength;
      if (bytes > bytesMax) return done(null);
      // The piece is gone when this handler returns.
      pieces.push(Buffer.from(piece.slice(0)));
      if (!isLast) return;
      this.#keepsAlive = true;
      done(Buffer.concat(pieces));
    });
  }

  /** Whatever was read: no other request is to follow on the connection. */
  endsConnection(): void {
    this.#isLast = true;
  }

  /** The body was read to its end: another request may follow on the connection. */
  bodyWasRead(): void {
    this.#keepsAlive = true;
  }

  /** The runtime has answered the read. */
  answered(position: string, answer: Answer, refusal: ErrorCode | null): void {
    if (refusal !== null) {
      return this.fail(refusal, null, answer.type === "Failed" ? answer.retryAfterMs : null);
    }
    const view = "view" in answer ? answer.view : answer;
    this.reply(this.operation!, position, view);
  }

  /** The fields of the operation's reply, by name, and the position they are durable up to. */
  reply(operation: OperationName, position: string, view: object): void {
    const fields = fieldsText(OPERATION_PLANS.get(operation)!.reply, view);
    this.send({
      status: "200 OK",
      contentType: JSON_TYPE,
      body: `{"position":${JSON.stringify(position)}${fields}}`,
    });
  }

  json(status: string, content: object, headers: HttpAnswer["headers"] = []): void {
    this.send({ status, contentType: JSON_TYPE, body: JSON.stringify(content), headers });
  }

  fail(code: ErrorCode, detail: string | null = null, retryAfterMs: number | null = null): void {
    const headers: [string, string][] = [];
    if (code === "unauthenticated") headers.push(["WWW-Authenticate", "Bearer"]);
    if (retryAfterMs !== null) headers.push(["Retry-After", `${Math.ceil(retryAfterMs / 1_000)}`]);
    this.send({
      status: httpStatusOf(code),
      contentType: JSON_TYPE,
      body: JSON.stringify({ error: code, detail, retryAfterMs }),
      headers,
    });
  }

  send({ status, contentType, body, headers = [] }: HttpAnswer): void {
    const response = this.#response;
    if (response === undefined) return;
    const isLast = this.#isLast || !this.#keepsAlive;
    response.cork(() => {
      this.#writeHead(status, contentType, headers);
      if (this.#isHead) response.endWithoutBody(Buffer.byteLength(body), isLast);
      else response.end(body, isLast);
    });
    this.#end();
  }

  /** Begins an answer whose body follows in pieces. */
  begin({ status, contentType, headers = [] }: Omit<HttpAnswer, "body">): void {
    this.#response?.cork(() => this.#writeHead(status, contentType, headers));
  }

  /**
   * Sends the next piece of a body of `totalBytes`, and waits until the client has taken it:
   * nothing is buffered but what the kernel takes. False when the client has gone.
   */
  sendPiece(piece: Uint8Array, totalBytes: number): Promise<boolean> {
    const response = this.#response;
    if (response === undefined) return Promise.resolve(false);
    const startsAt = response.getWriteOffset();
    const write = (from: number): boolean => {
      let isTaken = false;
      let isOver = false;
      response.cork(() => {
        [isTaken, isOver] = response.tryEnd(piece.subarray(from), totalBytes);
      });
      if (isTaken || isOver) this.#go(true);
      if (isOver) this.#end();
      return isTaken;
    };
    return new Promise((resolve) => {
      this.#proceed = resolve;
      if (!write(0)) response.onWritable((offset) => write(offset - startsAt));
    });
  }

  #go(goesOn: boolean): void {
    const proceed = this.#proceed;
    this.#proceed = null;
    proceed?.(goesOn);
  }

  /** Breaks off: a client that waits for the rest learns that it will not come. */
  cut(): void {
    this.#response?.close();
  }

  #writeHead(status: string, contentType: string, headers: HttpAnswer["headers"] = []): void {
    const response = this.#response!;
    response.writeStatus(status);
    response.writeHeader("Content-Type", contentType);
    for (const [name, value] of SECURITY_HEADERS) response.writeHeader(name, value);
    for (const [name, value] of headers) response.writeHeader(name, value);
  }

  #end(): void {
    if (this.#response === undefined) return;
    this.#response = undefined;
    this.#onEnd();
    this.#go(false);
    this.#ended(this);
  }
}
