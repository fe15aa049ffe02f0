// Receipts for who asked for them with a watch: behind each repayment that an account receives, its
// leg with the Merkle path. The runtime reckons them between its turns, few at a time, so that
// neither entries nor those who ask for no receipts ever wait for one.

import type { AccountId, LoanId } from "../../actors/address.ts";
import type { Entry } from "../../actors/account/entry-log.ts";
import { CLOSE } from "../protocol/connection.ts";
import { ERRORS } from "../protocol/errors.ts";
import type { ReplyOf } from "../protocol/table.ts";
import type { Clock } from "../runtime/environment.ts";
import type { GatewayCounters } from "./counters.ts";
import type { FrameSender } from "./frame-sender.ts";
import type { GatewayLog } from "./log.ts";
import type { Questions, Settled } from "./questions.ts";
import type { Session } from "./session.ts";

/**
 * Of the 64 answers that the runtime gathers at once: most are left to those who ask themselves.
 */
const AT_ONCE_MAX = 16;
/**
 * Beyond it the session is closed, and gets the rest by watching on: of its own, or, when all
 * together are too many, of the session for which most wait.
 */
export const RECEIPTS_PER_SESSION_MAX = 10_000;
export const RECEIPTS_WAITING_MAX = 100_000;
/** About a minute with the pauses between: then the loan is out of service for longer. */
const ATTEMPTS_MAX = 60;
const RETRY_MS = 1_000;

/** The receipts of one session, in the order of its entries. */
interface Line {
  readonly session: Session;
  readonly queue: Waiting[];
  /** Those that wait, are being asked for or were put off: none of them is told twice. */
  readonly known: Set<string>;
}

interface Waiting {
  readonly line: Line;
  readonly key: string;
  readonly accountId: AccountId;
  readonly entry: number;
  readonly loanId: LoanId;
  readonly clearing: number;
  attempts: number;
}

export interface ReceiptParts {
  readonly clock: Pick<Clock, "wallMs">;
  readonly counters: GatewayCounters;
  readonly sender: FrameSender;
  readonly questions: Questions;
  readonly log: GatewayLog;
}

export class ReceiptPushes {
  readonly #parts: ReceiptParts;
  readonly #lines = new Map<Session, Line>();
  /**
   * Lines in which somebody waits, in the order in which they are served: one receipt each in turn.
   */
  readonly #inTurn = new Set<Line>();
  /** Of all lines. */
  #waiting = 0;
  #asked = 0;
  #isAwake = false;
  #isOver = false;

  constructor(parts: ReceiptParts) {
    this.#parts = parts;
  }

  /** Called with every entry that goes to a session which wants receipts of the account. */
  offer(session: Session, accountId: AccountId, entry: Entry): void {
    const { loanId, clearing } = entry;
    if (entry.kind !== "repayment_received" || loanId === null || clearing === null) return;
    if (this.#isOver || session.socket === undefined) return;
    const line = this.#lineOf(session);
    const key = `${accountId}/${entry.entry}`;
    if (line.known.has(key)) return;
    if (line.known.size >= RECEIPTS_PER_SESSION_MAX) return this.#close(line);
    if (this.#waiting >= RECEIPTS_WAITING_MAX) this.#close(this.#longest());
    if (this.#lines.get(session) !== line) return;
    line.known.add(key);
    this.#waiting++;
    this.#join({ line, key, accountId, entry: entry.entry, loanId, clearing, attempts: 0 });
  }

  /**
   * As `offer`, of entries from before: that the client asks for as much is its own doing, so each
   * is taken from its allowance as a request is.
   */
  offerAgain(session: Session, accountId: AccountId, entries: readonly Entry[]): void {
    const asked = entries.filter(({ kind }) => kind === "repayment_received").length;
    if (asked === 0) return;
    session.allowance?.charge(asked, this.#parts.clock.wallMs());
    for (const entry of entries) this.offer(session, accountId, entry);
  }

  /** The session is gone: nothing waits for it. */
  closed(session: Session): void {
    const line = this.#lines.get(session);
    if (line !== undefined) this.#drop(line);
  }

  /** No more are told: clients get what they miss by watching on. */
  end(): void {
    this.#isOver = true;
    for (const line of [...this.#lines.values()]) this.#drop(line);
    this.#parts.questions.failOpen("server_shutdown");
  }

  /** A shard was reset, and sessions with it. */
  failOpen(): void {
    this.#parts.questions.failOpen("unavailable");
  }

  sweep(nowMonotonicMs: number): void {
    this.#parts.questions.sweep(nowMonotonicMs);
  }

  #lineOf(session: Session): Line {
    let line = this.#lines.get(session);
    if (line === undefined) {
      line = { session, queue: [], known: new Set() };
      this.#lines.set(session, line);
    }
    return line;
  }

  #longest(): Line {
    const lines = [...this.#lines.values()];
    return lines.reduce((most, line) => (line.known.size > most.known.size ? line : most));
  }

  /** Not in the middle of a release, from which this may be called. */
  #close(line: Line): void {
    this.#drop(line);
    setImmediate(() => line.session.end(CLOSE.tooMany, "too many receipts wait"));
  }

  #drop(line: Line): void {
    this.#waiting -= line.known.size;
    line.known.clear();
    line.queue.length = 0;
    this.#lines.delete(line.session);
    this.#inTurn.delete(line);
  }

  #join(waiting: Waiting): void {
    waiting.line.queue.push(waiting);
    this.#inTurn.add(waiting.line);
    this.#wake();
  }

  /** Told, or given up. */
  #settle({ line, key }: Waiting): void {
    if (!line.known.delete(key)) return;
    this.#waiting--;
    if (line.known.size === 0) this.#drop(line);
  }

  /** Never in the middle of a release: the entry itself goes first. */
  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(() => {
      this.#isAwake = false;
      for (const line of this.#inTurn) {
        if (this.#asked >= AT_ONCE_MAX) return;
        // Behind all others, where this very loop comes by again.
        this.#inTurn.delete(line);
        const waiting = line.queue.shift();
        if (waiting === undefined) continue;
        if (line.queue.length > 0) this.#inTurn.add(line);
        this.#asked++;
        void this.#tell(waiting);
      }
    });
  }

  async #tell(waiting: Waiting): Promise<void> {
    const { loanId, clearing, accountId } = waiting;
    const command = { type: "GetClearingPath", loanId, clearing, accountId } as const;
    const settled = await this.#parts.questions.ask(command, null);
    this.#asked--;
    const receipt = receiptIn(settled);
    if (receipt === null) this.#putOff(waiting, settled);
    else {
      this.#settle(waiting);
      this.#push(waiting, receipt);
    }
    this.#wake();
  }

  #push({ line: { session }, entry }: Waiting, receipt: ReplyOf<"clearing.path">): void {
    const { counters, sender } = this.#parts;
    if (session.socket === undefined) return;
    counters.receiptsPushed++;
    session.socket.cork(() => sender.push(session, "clearing.receipt", { entry, ...receipt }));
    // Outside the cork: a socket must not go away while its writes are gathered.
    if (session.isShort) session.cut();
  }

  #putOff(waiting: Waiting, settled: Settled): void {
    if (!waiting.line.known.has(waiting.key)) return; // Its session has gone, or the server goes.
    const code = settled.ok ? "internal_error" : settled.code;
    if (!settled.ok && ERRORS[code].retry && ++waiting.attempts < ATTEMPTS_MAX) {
      setTimeout(() => {
        if (waiting.line.known.has(waiting.key)) this.#join(waiting);
      }, RETRY_MS);
      return;
    }
    this.#settle(waiting);
    const { counters, log } = this.#parts;
    counters.receiptsFailed++;
    const { loanId, clearing } = waiting;
    log.warn({ loanId, clearing, code }, "a receipt could not be told: it can be asked for");
  }
}

function receiptIn(settled: Settled): ReplyOf<"clearing.path"> | null {
  if (!settled.ok || settled.answer.type !== "Read") return null;
  const { view } = settled.answer;
  return "path" in view ? view : null;
}
