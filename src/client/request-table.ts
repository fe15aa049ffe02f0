// The requests of one client from being asked to being settled: waits, sends, repeats, gives up.
// It knows no sockets and no timers: it is told when a connection is there, what came back and what
// time it is. Every request is settled exactly once.

import type { ServerMessage } from "../protocol/decode-reply.ts";
import { ERRORS } from "../protocol/errors.ts";
import { CORRELATION_ID_MAX } from "../protocol/plans.ts";
import type { OperationName } from "../protocol/table.ts";
import { backoffMs, type BackoffLimits } from "./backoff.ts";
import { LoanloomError, type LoanloomErrorCode } from "./loanloom-error.ts";

export interface Ask {
  readonly operation: OperationName;
  /** Fields by name in the form of the program; checked. */
  readonly fields: object;
  /** UUID text, for errors; null for reads. */
  requestId: string | null;
  /**
   * Gives it a fresh request id, in `fields` and above; null when the caller chose it, or it has
   * none. Servers forget old ids by their order, so one that waits long is stamped when it is sent.
   * `aheadMs`: by how much the id that it has is ahead of the server's clock, as far as is known.
   */
  readonly restamp: ((ask: Ask, aheadMs: number) => void) | null;
  readonly deadlineMs: number;
  /**
   * Belongs to one connection: refused with `disconnected` at its end instead of being sent again,
   * sent before all others, and not counted against the limit of waiting requests.
   */
  readonly bound: boolean;
  /** Called synchronously, so that what the server sends right behind a reply finds it settled. */
  resolve(view: Readonly<Record<string, unknown>>, position: string): void;
  reject(error: LoanloomError): void;
}

export interface TableLimits {
  /** Requests sent and not answered; the others wait. */
  readonly inFlightMax: number;
  /** Requests not settled, sent or not; beyond it `queue_full`. */
  readonly unsettledMax: number;
  /** For retryable errors that do not say when. */
  readonly retry: BackoffLimits;
}

export type Send = (operation: OperationName, id: number, fields: object) => void;

/**
 * Refusals that the client bridges by itself until the deadline. The other retryable ones point at
 * trouble that waiting a moment does not end: whoever asked decides.
 */
const BRIDGED: ReadonlySet<string> = new Set([
  "rate_limited",
  "server_busy",
  "too_many_connections",
  "unavailable",
  "server_shutdown",
]);
/**
 * Refusals that come before anything was done: what was sent only once may come as a new request.
 */
const UNDONE: ReadonlySet<string> = new Set(["rate_limited", "server_busy", "request_id_ahead"]);
/** A server whose clock differs from itself is not believed for ever. */
const SET_BACK_MAX = 3;

for (const code of BRIDGED) {
  if (!ERRORS[code as keyof typeof ERRORS].retry) throw new Error(`${code} is not retryable`);
}

interface Entry {
  readonly id: number;
  readonly ask: Ask;
  readonly expiresAtMs: number;
  state: "waiting" | "sent" | "delayed";
  notBeforeMs: number;
  /** How often it was put off: it waits longer each time. */
  refusals: number;
  /** How often it got another id, of the server's time. */
  setBacks: number;
  /** How often it was sent with the id that it has. */
  sendings: number;
  /** What it has of a stamp is older than it need be. */
  isStale: boolean;
}

export class RequestTable {
  readonly #limits: TableLimits;
  readonly #random: () => number;
  /** All unsettled ones, in the order in which they were asked. */
  readonly #entries = new Map<number, Entry>();
  #waiting: Entry[] = [];
  #inFlight = 0;
  #bound = 0;
  #lastId = 0;
  #send: Send | null = null;
  #paused = false;
  /** The account's allowance is used up: until then the server would refuse whatever comes. */
  #heldUntilMs = 0;

  constructor(limits: TableLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  get unsettled(): number {
    return this.#entries.size;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  ask(ask: Ask, nowMs: number): void {
    if (!ask.bound && this.#entries.size - this.#bound >= this.#limits.unsettledMax) {
      ask.reject(errorOf(ask, "queue_full", `${this.#limits.unsettledMax} requests wait already`));
      return;
    }
    const entry: Entry = {
      id: this.#nextId(),
      ask,
      expiresAtMs: nowMs + ask.deadlineMs,
      state: "waiting",
      notBeforeMs: 0,
      refusals: 0,
      setBacks: 0,
      sendings: 0,
      isStale: false,
    };
    this.#entries.set(entry.id, entry);
    if (ask.bound) {
      this.#bound++;
      this.#waiting.unshift(entry);
    } else {
      this.#waiting.push(entry);
    }
    this.#pump();
    entry.isStale = entry.sendings === 0;
  }

  /** A connection is there: what was not answered on the last one is sent again, in order. */
  connected(send: Send): void {
    this.#send = send;
    this.#paused = false;
    this.#pump();
  }

  /** The server is stopping: answers still come, but nothing more is sent on this connection. */
  pause(): void {
    this.#paused = true;
  }

  disconnected(): void {
    this.#send = null;
    this.#inFlight = 0;
    const waiting: Entry[] = [];
    const bound: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.ask.bound) bound.push(entry);
      else if (entry.state !== "delayed") waiting.push(entry);
    }
    for (const entry of waiting) entry.state = "waiting";
    this.#waiting = waiting;
    for (const entry of bound) {
      this.#settled(entry);
      entry.ask.reject(errorOf(entry.ask, "disconnected", "the connection was lost"));
    }
  }

  /**
   * Takes a reply or an error that names a request. One that nobody waits for any more is dropped.
   */
  answered(message: ServerMessage, nowMs: number): void {
    if (message.kind === "push" || message.kind === "unknown" || message.id === null) return;
    const entry = this.#entries.get(message.id);
    if (entry?.state !== "sent") return;
    this.#inFlight--;
    const { ask } = entry;
    if (message.kind === "error" && entry.sendings === 1) {
      entry.isStale = UNDONE.has(message.code);
    }
    if (message.kind === "error" && BRIDGED.has(message.code)) {
      this.#postpone(entry, message, nowMs);
    } else if (message.kind === "error" && this.#isSetBack(entry, message)) {
      entry.state = "waiting";
      this.#waiting.unshift(entry);
    } else {
      this.#settled(entry);
      if (message.kind === "error") {
        const { code, detail, retryAfterMs } = message;
        ask.reject(errorOf(ask, code, detail, retryAfterMs));
      } else if (message.kind === "reply" && message.operation === ask.operation) {
        ask.resolve(message.view, message.position);
      } else {
        ask.reject(errorOf(ask, "malformed_reply", "the answer is not one to this operation"));
      }
    }
    this.#pump();
  }

  /** Ends what is too late, and sends what has waited long enough. */
  sweep(nowMs: number): void {
    if (nowMs >= this.#heldUntilMs) this.#heldUntilMs = 0;
    if (this.#entries.size === 0) return;
    const expired: Entry[] = [];
    let isMixed = false;
    for (const entry of this.#entries.values()) {
      if (entry.expiresAtMs <= nowMs) {
        expired.push(entry);
      } else if (entry.state === "delayed" && entry.notBeforeMs <= nowMs) {
        entry.state = "waiting";
        this.#waiting.push(entry);
        isMixed = true;
      }
    }
    // In the order in which they were asked: an id must not fall behind all that came after it.
    if (isMixed) this.#waiting.sort(byTurn);
    for (const entry of expired) {
      if (entry.state === "sent") this.#inFlight--;
      this.#settled(entry);
      const { deadlineMs } = entry.ask;
      entry.ask.reject(errorOf(entry.ask, "deadline_exceeded", `no answer in ${deadlineMs} ms`));
    }
    this.#pump();
  }

  rejectAll(code: LoanloomErrorCode, detail: string | null): void {
    const entries = [...this.#entries.values()];
    this.#waiting = [];
    this.#inFlight = 0;
    for (const entry of entries) {
      this.#settled(entry);
      entry.ask.reject(errorOf(entry.ask, code, detail));
    }
  }

  #postpone(entry: Entry, error: ServerMessage & { kind: "error" }, nowMs: number): void {
    const { ask } = entry;
    const ownMs = backoffMs(this.#limits.retry, entry.refusals, this.#random());
    const notBeforeMs = nowMs + (error.retryAfterMs ?? ownMs);
    if (notBeforeMs >= entry.expiresAtMs) {
      this.#settled(entry);
      ask.reject(errorOf(ask, error.code, error.detail, error.retryAfterMs));
      return;
    }
    entry.refusals++;
    entry.notBeforeMs = notBeforeMs;
    entry.state = "delayed";
    if (error.code === "rate_limited") this.#heldUntilMs = notBeforeMs;
  }

  /** Whether it comes again with an id of the server's time: nothing was done. */
  #isSetBack(entry: Entry, { code, retryAfterMs }: ServerMessage & { kind: "error" }): boolean {
    if (code !== "request_id_ahead" || retryAfterMs === null) return false;
    if (!entry.isStale || entry.ask.restamp === null) return false;
    if (entry.setBacks >= SET_BACK_MAX) return false;
    entry.setBacks++;
    entry.ask.restamp(entry.ask, retryAfterMs);
    entry.isStale = false;
    entry.sendings = 0;
    return true;
  }

  #pump(): void {
    while (
      this.#send !== null &&
      !this.#paused &&
      this.#waiting.length > 0 &&
      this.#inFlight < this.#limits.inFlightMax
    ) {
      if (this.#heldUntilMs > 0 && !this.#waiting[0]!.ask.bound) return;
      const entry = this.#waiting.shift()!;
      // Settled by its deadline while it waited.
      if (this.#entries.get(entry.id) !== entry) continue;
      if (entry.isStale && entry.ask.restamp !== null) {
        entry.ask.restamp(entry.ask, 0);
        entry.sendings = 0;
      }
      entry.isStale = false;
      entry.state = "sent";
      entry.sendings++;
      this.#inFlight++;
      this.#send(entry.ask.operation, entry.id, entry.ask.fields);
    }
  }

  #settled(entry: Entry): void {
    this.#entries.delete(entry.id);
    if (entry.ask.bound) this.#bound--;
  }

  #nextId(): number {
    do {
      this.#lastId = this.#lastId === CORRELATION_ID_MAX ? 1 : this.#lastId + 1;
    } while (this.#entries.has(this.#lastId));
    return this.#lastId;
  }
}

function byTurn(one: Entry, other: Entry): number {
  if (one.ask.bound !== other.ask.bound) return one.ask.bound ? -1 : 1;
  return one.id - other.id;
}

function errorOf(
  ask: Ask,
  code: LoanloomErrorCode,
  detail: string | null,
  retryAfterMs: number | null = null,
): LoanloomError {
  const { operation, requestId } = ask;
  return new LoanloomError(code, detail, {
    operation,
    requestId: requestId ?? undefined,
    retryAfterMs,
  });
}
