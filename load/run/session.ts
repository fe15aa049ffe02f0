// One connection of a client: requests out, answers and pushes in. It holds each answer against
// what was asked on this very connection, and each push against the one before it.

import { decodeMsgpackReply, type ServerMessage } from "../../src/protocol/decode-reply.ts";
import { openSocket, type Endpoint, type RawSocket } from "../driver/raw-socket.ts";
import type { WatchRecord } from "./client-job.ts";

export interface SessionOwner {
  /** An answer to the request that was sent as `id`. */
  onAnswer(session: Session, message: Exclude<ServerMessage, { kind: "push" | "unknown" }>): void;
  onClose(session: Session, reason: string): void;
  /** From an entry's time, by the server's clock, to its push, by ours. */
  onPushLag(lagMs: number): void;
  /** What no server may do. */
  onViolation(text: string): void;
}

export class Session {
  readonly client: number;
  readonly name: string;
  readonly #owner: SessionOwner;
  #socket: RawSocket | undefined;
  isOpen = false;
  /** Numbers of requests that wait for their answers; in the order of sending. */
  readonly waiting = new Set<number>();
  /** Bids that may be cancelled, the latest last. */
  readonly bids: number[] = [];
  watch: WatchRecord | null = null;
  /** The loan that it watches besides, now and then. */
  watched: string | null = null;
  pushes = 0;

  constructor(owner: SessionOwner, client: number, name: string) {
    this.#owner = owner;
    this.client = client;
    this.name = name;
  }

  /** Rejects when the server refuses the connection. */
  async open(endpoint: Endpoint, subprotocols: readonly string[]): Promise<void> {
    this.#socket = await openSocket(endpoint, subprotocols, {
      onBeforeRead: () => {},
      onMessage: (bytes, from, to) => this.#message(decodeMsgpackReply(bytes.subarray(from, to))),
      onRead: () => {},
      onClose: (reason) => {
        this.isOpen = false;
        this.#owner.onClose(this, reason);
      },
    });
    this.isOpen = true;
  }

  /** Entries are expected from this snapshot on. */
  watchFrom(view: Readonly<Record<string, unknown>>): void {
    this.watch = {
      accountId: this.name,
      entries: 0,
      legs: 0,
      gaps: 0,
      lastEntry: view["entry"] as number,
      availableCents: view["availableCents"] as number,
      heldCents: view["heldCents"] as number,
      cut: false,
    };
  }

  send(frame: Uint8Array): void {
    this.#socket?.send(frame);
  }

  stopReading(): void {
    this.#socket?.stopReading();
  }

  close(): void {
    this.#socket?.close();
  }

  destroy(): void {
    this.#socket?.destroy();
  }

  #message(message: ServerMessage): void {
    if (message.kind === "unknown") return;
    if (message.kind !== "push") return this.#owner.onAnswer(this, message);
    this.pushes++;
    if (message.push === "account.entry") this.#entry(message.view);
  }

  /** Entries are numbered without a gap: a missing or repeated one is a lie about money. */
  #entry(view: Readonly<Record<string, unknown>>): void {
    const { watch } = this;
    if (watch === null) return;
    const entry = view["entry"] as number;
    if (entry !== watch.lastEntry + 1) {
      watch.gaps++;
      this.#owner.onViolation(`${this.name} was pushed entry ${entry} after ${watch.lastEntry}`);
    }
    watch.lastEntry = entry;
    watch.availableCents = view["availableCents"] as number;
    watch.heldCents = view["heldCents"] as number;
    watch.entries++;
    if (view["kind"] === "repayment_received") watch.legs++;
    this.#owner.onPushLag(Date.now() - (view["at"] as number));
  }
}
