// What a commit sets free goes to whom it belongs: everything for one socket in one corked write,
// in order; changes of watched loans after that. This is where a client learns what happened, and
// nothing reaches this place before it is durable.

import type { AccountId } from "../../actors/address.ts";
import type { Entry } from "../../actors/account/entry-log.ts";
import { assert } from "../money/assert.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { Answer, NoticeWaiter, Outlet, Release, Request } from "../runtime/port.ts";
import { operationOf } from "./authorisation.ts";
import type { GatewayCounters } from "./counters.ts";
import type { FrameSender } from "./frame-sender.ts";
import { HttpExchange } from "./http-exchange.ts";
import type { MarketFeed } from "./market-feed.ts";
import type { ReceiptPushes } from "./receipt-pushes.ts";
import { Session, type Outgoing } from "./session.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface ReleaseParts {
  readonly counters: GatewayCounters;
  readonly sender: FrameSender;
  readonly subscriptions: Subscriptions;
  readonly feed: MarketFeed;
  readonly receipts: ReceiptPushes;
}

export class Releases implements Pick<Outlet, "release"> {
  readonly #parts: ReleaseParts;
  /** Sessions that get something of the release at hand. */
  #touched: Session[] = [];
  #position = "";
  #sending: Session | undefined;

  constructor(parts: ReleaseParts) {
    this.#parts = parts;
  }

  release(position: string, releases: readonly Release[]): void {
    const { counters, feed } = this.#parts;
    this.#position = position;
    for (const release of releases) {
      switch (release.kind) {
        case "answer":
          counters.answersReleased++;
          this.#answer(position, release);
          break;
        case "entry":
          this.#entry(release);
          break;
        case "progress":
          feed.offer(release.progress);
          break;
      }
    }
    // Taken anew each time: to empty an array by its length is a call into the engine's runtime.
    const touched = this.#touched;
    this.#touched = [];
    for (const session of touched) this.#flush(session);
    feed.publishChanged();
  }

  #answer(position: string, release: Extract<Release, { kind: "answer" }>): void {
    const { request, answer } = release;
    const { session } = request;
    if (typeof session === "function") {
      (session as NoticeWaiter)(answer, position);
      return;
    }
    if (session instanceof HttpExchange) {
      session.answered(position, answer, refusalOf(answer));
      return;
    }
    assert(session instanceof Session, "a request comes from a session");
    session.inFlight--;
    const { command } = request;
    if (command.type === "WatchAccount" || command.type === "WatchLoan") {
      // From here on: what follows in this very release must reach the session too.
      const snapshot =
        answer.type === "LoanWatched"
          ? answer.view
          : answer.type === "AccountWatched"
            ? "account"
            : null;
      this.#parts.subscriptions.answered(session, command, request.self, snapshot);
    }
    if (session.socket === undefined) this.#parts.counters.answersWithoutSession++;
    else this.#queue(session, release);
  }

  #entry(release: Extract<Release, { kind: "entry" }>): void {
    const watchers = this.#parts.subscriptions.watchersOf(release.accountId);
    if (watchers === undefined) return;
    for (const session of watchers) {
      this.#queue(session, release);
      if (session.receiptsOf !== null) this.#offer(session, release.accountId, release.entry);
    }
  }

  #offer(session: Session, accountId: AccountId, entry: Entry): void {
    if (session.receiptsOf?.has(accountId) !== true) return;
    this.#parts.receipts.offer(session, accountId, entry);
  }

  #queue(session: Session, outgoing: Outgoing): void {
    if (session.outgoing.push(outgoing) === 1) this.#touched.push(session);
  }

  #flush(session: Session): void {
    const { socket } = session;
    if (socket !== undefined) {
      this.#sending = session;
      // One frame is one write either way; the cork would cost a fourteenth of it.
      if (isOneFrame(session.outgoing)) this.#sendOutgoing();
      else socket.cork(this.#sendOutgoing);
      this.#sending = undefined;
      // Outside the cork: a socket must not go away while its writes are gathered.
      if (session.isShort) session.cut();
    }
    session.outgoing = [];
  }

  /** One function for all sockets and releases: nothing is allocated to cork. */
  readonly #sendOutgoing = (): void => {
    const session = this.#sending!;
    for (const outgoing of session.outgoing) {
      if (outgoing.kind === "answer") this.#sendAnswer(session, outgoing.request, outgoing.answer);
      else {
        this.#sendEntry(session, outgoing.accountId, outgoing.entry);
      }
    }
  };

  #sendAnswer(session: Session, request: Request, answer: Answer): void {
    const { sender } = this.#parts;
    const { correlationId, command } = request;
    const operation = operationOf(command);
    switch (answer.type) {
      case "Refused":
        return sender.error(session, correlationId, answer.code);
      case "Failed": {
        const code = refusalOf(answer)!;
        return sender.error(session, correlationId, code, null, answer.retryAfterMs);
      }
      case "Account":
      case "Withdrawal":
      case "Loan":
      case "LoanWatched":
      case "RequestOutcome":
      case "Read":
        return sender.reply(session, operation, correlationId, this.#position, answer.view);
      case "AccountWatched": {
        const { accountId, entries } = answer.view;
        sender.reply(session, operation, correlationId, this.#position, answer.view);
        for (const entry of entries) this.#sendEntry(session, accountId, entry);
        if (session.receiptsOf?.has(accountId) === true) {
          this.#parts.receipts.offerAgain(session, accountId, entries);
        }
        return;
      }
      default:
        // Outcomes have the names of the reply's fields.
        return sender.reply(session, operation, correlationId, this.#position, answer);
    }
  }

  #sendEntry(session: Session, accountId: AccountId, entry: Entry): void {
    this.#parts.counters.entriesPushed++;
    this.#parts.sender.push(session, "account.entry", { accountId, ...entry });
  }
}

function isOneFrame(outgoing: readonly Outgoing[]): boolean {
  const only = outgoing[0]!;
  if (outgoing.length > 1) return false;
  return only.kind === "entry" || only.answer.type !== "AccountWatched";
}

/** The code that an answer refuses with, null when it does not. */
function refusalOf(answer: Answer): ErrorCode | null {
  return answer.type === "Refused" || answer.type === "Failed" ? answer.code : null;
}
