// Receipts for who asked for them with a watch: behind each repayment that an account receives, its
// leg with the Merkle path. The runtime reckons them between its turns, few at a time, so that neither
// entries nor those who ask for no receipts ever wait for one.

import type { AccountId, LoanId } from "../../actors/address.ts";
import type { Entry } from "../../actors/account/entry-log.ts";
import { CLOSE } from "../protocol/connection.ts";
import { ERRORS } from "../protocol/errors.ts";
import type { ReplyOf } from "../protocol/table.ts";
import type { GatewayCounters } from "./counters.ts";
import type { FrameSender } from "./frame-sender.ts";
import type { GatewayLog } from "./log.ts";
import type { Questions, Settled } from "./questions.ts";
import type { Session } from "./session.ts";

/** Of the 64 answers that the runtime gathers at once: most are left to those who ask themselves. */
const AT_ONCE_MAX = 16;
/** Beyond it whoever watches is cut, and gets the rest by watching on. */
export const RECEIPTS_WAITING_MAX = 100_000;
/** About a minute with the pauses between: then the loan is out of service for longer. */
const ATTEMPTS_MAX = 60;
const RETRY_MS = 1_000;

interface Waiting {
  readonly session: Session;
  readonly accountId: AccountId;
  readonly entry: number;
  readonly loanId: LoanId;
  readonly clearing: number;
  attempts: number;
}

export interface ReceiptParts {
  readonly counters: GatewayCounters;
  readonly sender: FrameSender;
  readonly questions: Questions;
  readonly log: GatewayLog;
}

export class ReceiptPushes {
  readonly #parts: ReceiptParts;
  /** In the order of entries. */
  readonly #waiting = new Set<Waiting>();
  #asked = 0;
  /** Put off: they wait for their timers. */
  #resting = 0;
  #isAwake = false;
  #isOver = false;

  constructor(parts: ReceiptParts) {
    this.#parts = parts;
  }

  /** Called with every entry that goes to a session which wants receipts of the account. */
  offer(session: Session, accountId: AccountId, entry: Entry): void {
    const { loanId, clearing } = entry;
    if (entry.kind !== "repayment_received" || loanId === null || clearing === null) return;
    if (this.#waiting.size + this.#resting >= RECEIPTS_WAITING_MAX) {
      setImmediate(() => session.end(CLOSE.tooMany, "too many receipts wait"));
      return;
    }
    this.#waiting.add({ session, accountId, entry: entry.entry, loanId, clearing, attempts: 0 });
    this.#wake();
  }

  /** No more are told: clients get what they miss by watching on. */
  end(): void {
    this.#isOver = true;
    this.#waiting.clear();
    this.#parts.questions.failOpen("server_shutdown");
  }

  /** A shard was reset, and sessions with it. */
  failOpen(): void {
    this.#parts.questions.failOpen("unavailable");
  }

  sweep(nowMonotonicMs: number): void {
    this.#parts.questions.sweep(nowMonotonicMs);
  }

  /** Never in the middle of a release: the entry itself goes first. */
  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(() => {
      this.#isAwake = false;
      for (const waiting of this.#waiting) {
        if (this.#asked >= AT_ONCE_MAX) return;
        this.#waiting.delete(waiting);
        if (waiting.session.socket === undefined) continue;
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
    if (receipt !== null) this.#push(waiting, receipt);
    else this.#putOff(waiting, settled);
    this.#wake();
  }

  #push({ session, entry }: Waiting, receipt: ReplyOf<"clearing.path">): void {
    const { counters, sender } = this.#parts;
    if (session.socket === undefined) return;
    counters.receiptsPushed++;
    session.socket.cork(() => sender.push(session, "clearing.receipt", { entry, ...receipt }));
    // Outside the cork: a socket must not go away while its writes are gathered.
    if (session.isShort) session.cut();
  }

  #putOff(waiting: Waiting, settled: Settled): void {
    if (this.#isOver || waiting.session.socket === undefined) return;
    const code = settled.ok ? "internal_error" : settled.code;
    if (!settled.ok && ERRORS[code].retry && ++waiting.attempts < ATTEMPTS_MAX) {
      this.#resting++;
      setTimeout(() => {
        this.#resting--;
        if (this.#isOver) return;
        this.#waiting.add(waiting);
        this.#wake();
      }, RETRY_MS);
      return;
    }
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
