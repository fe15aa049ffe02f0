// The body of an upload as pieces to be asked for. It stops the client while nobody asks, so that a
// slow disk slows the sender; what was received and not yet asked for counts in the buffer of all.

import type * as uWS from "uWebSockets.js";
import { assert } from "../../money/assert.ts";
import type { DocumentCounters } from "./counters.ts";
import type { Pace } from "./pace.ts";
import type { Turn, UploadBuffer } from "./upload-buffer.ts";

export type Broken = "aborted" | "too_slow" | "no_room" | "given_up" | "revoked";

export type Piece =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "broken"; readonly why: Broken };

/** Enough to keep the disk busy; more would only be memory. */
const QUEUE_BYTES_MAX = 262_144;

export class UploadBody {
  readonly #response: uWS.HttpResponse;
  readonly #isOpen: () => boolean;
  readonly #counters: DocumentCounters;
  readonly #buffer: UploadBuffer;
  readonly #queue: Uint8Array[] = [];
  readonly #pace: Pace;
  #queuedBytes = 0;
  #discardBytesLeft: number | null = null;
  #hasEnded = false;
  #broken: Broken | null = null;
  #isPaused = false;
  #isAsking = false;
  #turn: Turn | null = null;
  #wake: (() => void) | null = null;

  /** Must be made where the request is handled: later, bytes would be lost. */
  constructor(
    response: uWS.HttpResponse,
    isOpen: () => boolean,
    counters: DocumentCounters,
    buffer: UploadBuffer,
    pace: Pace,
  ) {
    this.#response = response;
    this.#isOpen = isOpen;
    this.#counters = counters;
    this.#buffer = buffer;
    this.#pace = pace;
    response.onData((chunk, isLast) => this.#receive(chunk, isLast));
    // Nothing is read before it is known whether it is wanted.
    this.#pause();
  }

  /** All of it was read: another request may follow on the connection. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The next bytes in order; one call at a time. */
  async next(): Promise<Piece> {
    assert(this.#wake === null, "one piece at a time");
    for (;;) {
      if (this.#broken !== null) return { kind: "broken", why: this.#broken };
      const bytes = this.#queue.shift();
      if (bytes !== undefined) {
        this.#took(bytes.length);
        return { kind: "bytes", bytes };
      }
      if (this.#hasEnded) return { kind: "end" };
      this.#ask();
      await this.#arrival();
    }
  }

  /** A client that dawdles keeps others from their turn, and is cut. */
  sweep(nowMonotonicMs: number): void {
    const maySend = !this.#isPaused && !this.#hasEnded;
    if (this.#pace.isTooSlow(maySend, nowMonotonicMs)) this.cut("too_slow");
  }

  /** Nothing more of it is wanted: what waits is forgotten and who asks is told why. */
  cut(why: Broken): void {
    if (this.#broken !== null) return;
    this.#broken = why;
    this.#queue.length = 0;
    this.#took(this.#queuedBytes);
    this.#endTurn();
    this.#awake();
  }

  /**
   * Lets the rest go by, at most that many bytes and that long. A client that is still sending may
   * not hear an answer: a connection that is closed on unread bytes is reset.
   */
  async discard(bytesMax: number, msMax: number): Promise<void> {
    this.cut("given_up");
    if (this.#hasEnded || !this.#isOpen()) return;
    this.#discardBytesLeft = bytesMax;
    const timer = setTimeout(() => {
      this.#discardBytesLeft = 0;
      this.#awake();
    }, msMax);
    while (!this.#hasEnded && this.#discardBytesLeft > 0 && this.#isOpen()) {
      this.#resume();
      await this.#arrival();
    }
    clearTimeout(timer);
  }

  /** The client has gone, or was answered: the native object may not be touched any more. */
  closed(): void {
    if (!this.#hasEnded) this.cut("aborted");
    this.#awake();
  }

  #receive(chunk: ArrayBuffer, isLast: boolean): void {
    const size = chunk.byteLength;
    this.#counters.bytesReceived += size;
    this.#pace.received(size);
    if (isLast) {
      this.#hasEnded = true;
      this.#endTurn();
      this.#resume(); // What follows on the connection is another request.
    }
    if (this.#discardBytesLeft !== null) this.#discardBytesLeft -= size;
    if (this.#broken === null && size > 0) {
      if (!this.#buffer.take(size)) this.cut("no_room");
      else {
        this.#queue.push(new Uint8Array(chunk.slice(0))); // The original is gone on return.
        this.#queuedBytes += size;
      }
    }
    if (!isLast && this.#discardBytesLeft === null && this.#queuedBytes > QUEUE_BYTES_MAX) {
      this.#stop();
    }
    this.#awake();
  }

  #took(bytes: number): void {
    this.#queuedBytes -= bytes;
    if (bytes > 0) this.#buffer.give(bytes);
  }

  #pause(): void {
    if (this.#isPaused || !this.#isOpen()) return;
    this.#isPaused = true;
    this.#response.pause();
  }

  /** Reads on when it is this body's turn. */
  #ask(): void {
    if (!this.#isPaused || this.#isAsking) return;
    this.#isAsking = true;
    this.#buffer.ask({
      start: (turn) => {
        this.#isAsking = false;
        this.#turn = turn;
        if (this.#broken !== null || this.#hasEnded || !this.#isOpen()) this.#endTurn();
        else this.#resume();
      },
      stop: () => this.#stop(),
    });
  }

  #stop(): void {
    this.#pause();
    const turn = this.#turn;
    this.#turn = null;
    // What was read before the pause comes in this very go.
    setImmediate(() => {
      turn?.end();
      this.#awake(); // Whoever waits for bytes asks for another turn.
    });
  }

  #endTurn(): void {
    this.#turn?.end();
    this.#turn = null;
  }

  #resume(): void {
    if (!this.#isPaused || !this.#isOpen()) return;
    this.#isPaused = false;
    this.#response.resume();
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
