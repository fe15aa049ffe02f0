// Connections that are a burden of their own: consumers that never read what they ask for, and a
// crowd that is cut off and comes back all at once.

import { encodeRequest } from "../../src/protocol/encode-request.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import { seeded } from "../../src/chance/chance.ts";
import type { Identities } from "../driver/identities.ts";
import { LatencyHistogram } from "../driver/latency.ts";
import type { Endpoint } from "../driver/raw-socket.ts";
import { OPCODE, encodeFrame } from "../driver/websocket-frames.ts";
import type { CrowdResult } from "./client-job.ts";
import { Session, type SessionOwner } from "./session.ts";
import { CONNECTS_AT_ONCE, eachAtOnce } from "../driver/at-once.ts";

const ASK_EVERY_MS = 50;
/**
 * Asked for each time, and never read: 640 KB/s for each consumer on a market of a hundred loans.
 * The kernel's buffers take some megabytes of that before the server has anything unsent.
 */
const ASKED_AT_ONCE = 20;
const ATTEMPTS_MAX = 60;
const RETRY_MS = 250;
const PING_ID = 1;

export class Crowd {
  readonly #endpoint: Endpoint;
  readonly #identities: Identities;
  readonly #names: readonly string[];
  readonly #random: () => number;
  readonly #reconnect = new LatencyHistogram();
  #sessions: Session[] = [];
  /** By us: the server has no part in it. */
  readonly #cut = new WeakSet<Session>();
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #opened = 0;
  #closedByServer = 0;
  #reconnected = 0;
  #attempts = 0;
  #stormed = 0;

  constructor(endpoint: Endpoint, identities: Identities, names: readonly string[], seed: number) {
    this.#endpoint = endpoint;
    this.#identities = identities;
    this.#names = names;
    this.#random = seeded(seed);
  }

  get open(): number {
    return this.#sessions.filter((session) => session.isOpen).length;
  }

  /** All of them, a few at a time. */
  async connect(): Promise<void> {
    await eachAtOnce(this.#names, CONNECTS_AT_ONCE, async (name) => {
      this.#sessions.push(await this.#connected(name));
      this.#opened++;
    });
  }

  /** They ask for the market over and over, and read nothing of what comes. */
  async stopReading(): Promise<void> {
    await this.connect();
    const writer = new MsgpackWriter(64);
    encodeRequest(writer, "market.loans", PING_ID, {});
    const frame = encodeFrame(OPCODE.binary, writer.view());
    const frames = Buffer.concat(Array.from({ length: ASKED_AT_ONCE }, () => frame));
    for (const session of this.#sessions) session.stopReading();
    this.#timer = setInterval(() => {
      for (const session of this.#sessions) if (session.isOpen) session.send(frames);
    }, ASK_EVERY_MS);
  }

  /** Every connection is cut, and all come back at the same instant. */
  async storm(): Promise<void> {
    const cut = this.#sessions;
    this.#sessions = [];
    const fromMs = performance.now();
    this.#stormed = this.#names.length;
    for (const session of cut) {
      this.#cut.add(session);
      session.destroy();
    }
    await Promise.all(this.#names.map((name) => this.#comeBack(name, fromMs)));
  }

  async #comeBack(name: string, fromMs: number): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX && !this.#isOver; attempt++) {
      this.#attempts++;
      try {
        const session = await this.#connected(name);
        if (this.#isOver) return session.destroy();
        this.#sessions.push(session);
        this.#reconnect.record(performance.now() - fromMs);
        this.#reconnected++;
        return;
      } catch {
        // Refused or timed out: clients wait a little, each another time, and try again.
        const waitMs = RETRY_MS * (1 + this.#random());
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  /** Resolves when its token is accepted and it was answered. */
  async #connected(name: string): Promise<Session> {
    let settle: (error: Error | null) => void = () => undefined;
    const answered = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === null ? resolve() : reject(error));
    });
    answered.catch(() => undefined);
    let wasAnswered = false;
    const owner: SessionOwner = {
      onAnswer: (_, message) => {
        if (message.kind === "reply") {
          wasAnswered = true;
          settle(null);
        } else settle(new Error("refused"));
      },
      onClose: (session, reason) => {
        if (wasAnswered && !this.#isOver && !this.#cut.has(session)) this.#closedByServer++;
        settle(new Error(reason));
      },
      onPushLag: () => undefined,
      onViolation: () => undefined,
    };
    const session = new Session(owner, -1, name);
    await session.open(this.#endpoint, this.#identities.subprotocols(name, "client"));
    const writer = new MsgpackWriter(16);
    encodeRequest(writer, "session.ping", PING_ID, {});
    session.send(encodeFrame(OPCODE.binary, writer.view()));
    await answered;
    return session;
  }

  close(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    for (const session of this.#sessions) session.destroy();
  }

  result(): CrowdResult {
    return {
      opened: this.#opened,
      closedByServer: this.#closedByServer,
      reconnect: this.#reconnect.take(),
      reconnected: this.#reconnected,
      attempts: this.#attempts,
      // Also those that were still trying when the run ended.
      failed: this.#stormed - this.#reconnected,
    };
  }
}
