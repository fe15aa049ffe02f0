// The progress of watched loans, conflated: the first change of a quiet loan is published at once,
// later ones at most once in each interval, always the latest. One encoding serves all watchers of
// the same subprotocol, through the topics of uWebSockets.js. `seq` never goes back.

import type { LoanId } from "../../actors/address.ts";
import type { LoanProgress } from "../runtime/port.ts";
import type { GatewayCounters } from "./counters.ts";
import type { FrameSender } from "./frame-sender.ts";
import type { Session } from "./session.ts";

interface FeedLoan {
  /** The latest that is known, published or not. */
  progress: LoanProgress;
  isDirty: boolean;
  /** Runs from a publication to the earliest next one. */
  pause: NodeJS.Timeout | undefined;
}

/** The part of an app of uWebSockets.js that the feed needs. */
export interface Topics {
  publish(topic: string, message: Uint8Array | string, isBinary: boolean): boolean;
  numSubscribers(topic: string): number;
}

export class MarketFeed {
  readonly #topics: Topics;
  readonly #sender: FrameSender;
  readonly #counters: GatewayCounters;
  readonly #intervalMs: number;
  readonly #loans = new Map<LoanId, FeedLoan>();
  /** Changed since the last `publishChanged`. */
  readonly #changed = new Set<FeedLoan>();

  constructor(topics: Topics, sender: FrameSender, counters: GatewayCounters, intervalMs: number) {
    this.#topics = topics;
    this.#sender = sender;
    this.#counters = counters;
    this.#intervalMs = intervalMs;
  }

  /** The session got `snapshot` and watches from now on. */
  join(session: Session, snapshot: LoanProgress): void {
    session.socket?.subscribe(topicOf(session.isBinary, snapshot.loanId));
    const loan = this.#loans.get(snapshot.loanId);
    if (loan === undefined) {
      this.#loans.set(snapshot.loanId, { progress: snapshot, isDirty: false, pause: undefined });
    } else {
      this.#update(loan, snapshot);
    }
  }

  leave(session: Session, loanId: LoanId): void {
    session.socket?.unsubscribe(topicOf(session.isBinary, loanId));
  }

  /** Nobody watches the loan any more. */
  forget(loanId: LoanId): void {
    const loan = this.#loans.get(loanId);
    if (loan === undefined) return;
    clearTimeout(loan.pause);
    this.#changed.delete(loan);
    this.#loans.delete(loanId);
  }

  /** Takes note of a change. Published by `publishChanged`, after the answers of the release. */
  offer(progress: LoanProgress): void {
    const loan = this.#loans.get(progress.loanId);
    if (loan !== undefined) this.#update(loan, progress);
  }

  publishChanged(): void {
    if (this.#changed.size === 0) return;
    for (const loan of this.#changed) {
      if (loan.pause === undefined) this.#publish(loan);
    }
    this.#changed.clear();
  }

  close(): void {
    for (const loanId of [...this.#loans.keys()]) this.forget(loanId);
  }

  #update(loan: FeedLoan, progress: LoanProgress): void {
    if (progress.seq <= loan.progress.seq) return;
    if (loan.isDirty) this.#counters.progressConflated++;
    loan.progress = progress;
    loan.isDirty = true;
    this.#changed.add(loan);
  }

  #publish(loan: FeedLoan): void {
    loan.isDirty = false;
    this.#counters.progressPublished++;
    for (const isBinary of [true, false]) {
      const topic = topicOf(isBinary, loan.progress.loanId);
      if (this.#topics.numSubscribers(topic) === 0) continue;
      const frame = this.#sender.pushFrame(isBinary, "loan.progress", loan.progress);
      this.#topics.publish(topic, frame, isBinary);
    }
    loan.pause = setTimeout(() => {
      loan.pause = undefined;
      if (loan.isDirty) this.#publish(loan);
    }, this.#intervalMs);
  }
}

function topicOf(isBinary: boolean, loanId: LoanId): string {
  return isBinary ? `msgpack/${loanId}` : `json/${loanId}`;
}
