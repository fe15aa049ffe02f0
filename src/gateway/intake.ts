// From a frame of a client to a request in the runtime, or to a typed refusal. The ladder, in order
// of precedence:
//
//   1 size and encoding of the frame, 2 every field (protocol), 3 authentication and expiry,
//   4 drain, 5 the account's allowance, 6 authorisation, 7 in flight: session, total, 8 the runtime
//
// After that the answer comes through the outlet. No promise, no closure and no timer for each
// message; a token to verify is the exception, and what comes while the first one is verified is
// held back.

import { CLOSE } from "../protocol/connection.ts";
import { decodeJsonRequest, decodeMsgpackRequest } from "../protocol/decode-request.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { Command } from "../protocol/table.ts";
import type { Clock } from "../runtime/environment.ts";
import type { ActorCommand, Runtime } from "../runtime/port.ts";
import type { Admission } from "./admission.ts";
import { attributed, notByHand, ownAccountOf, refusalFor } from "./authorisation.ts";
import type { CustodianDoor } from "./callback-door.ts";
import type { Principal, Verdict } from "./authenticator.ts";
import type { GatewayConfig } from "./config.ts";
import type { GatewayCounters } from "./counters.ts";
import { refusedDay } from "./day-by-hand.ts";
import type { FrameSender } from "./frame-sender.ts";
import type { GatewayLog } from "./log.ts";
import { answerItself } from "./own-answers.ts";
import type { Session } from "./session.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface IntakeParts {
  readonly config: GatewayConfig;
  readonly counters: GatewayCounters;
  readonly clock: Clock;
  readonly runtime: Runtime;
  readonly sender: FrameSender;
  readonly admission: Admission;
  readonly subscriptions: Subscriptions;
  readonly log: GatewayLog;
  /** The bank to pay money out with, when there is one. */
  readonly custodian?: Pick<CustodianDoor, "hasRoom">;
  /** The clock's business date, where dates follow the clock. */
  readonly today?: () => number;
}

/** Held frames take at most as many bytes as so many of the largest. */
const HELD_LARGE_FRAMES = 4;

export class Intake {
  readonly #parts: IntakeParts;
  isDraining = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  get isStandingBy(): boolean {
    return this.#parts.runtime.isStandingBy;
  }

  receive(session: Session, message: ArrayBuffer, isBinary: boolean): void {
    const { counters, config } = this.#parts;
    counters.framesReceived++;
    counters.bytesReceived += message.byteLength;
    if (message.byteLength > config.frameBytesMax) {
      return this.#badFrame(
        session,
        null,
        "frame_too_large",
        `at most ${config.frameBytesMax} bytes`,
      );
    }
    if (isBinary !== session.isBinary) {
      return this.#badFrame(session, null, "malformed_frame", "text and binary are mixed up");
    }
    if (session.isAuthenticating && session.principal === null && this.#hold(session, message)) {
      return;
    }
    this.#frame(session, message);
  }

  #frame(session: Session, message: ArrayBuffer): void {
    const bytes = new Uint8Array(message);
    const decoded = session.isBinary ? decodeMsgpackRequest(bytes) : decodeJsonRequest(bytes);
    if (!decoded.ok) return this.#badFrame(session, decoded.id, decoded.code, decoded.detail);
    session.badFramesInRow = 0;
    this.#request(session, decoded.id, decoded.command);
  }

  /** Clients need not wait for their token to be verified; what they send meanwhile is bounded. */
  #hold(session: Session, message: ArrayBuffer): boolean {
    const { heldFramesMax, frameBytesMax } = this.#parts.config;
    const { held } = session;
    if (held.length >= heldFramesMax) return false;
    const heldBytes = held.reduce((sum, frame) => sum + frame.byteLength, message.byteLength);
    if (heldBytes > frameBytesMax * HELD_LARGE_FRAMES) return false;
    held.push(message.slice(0)); // The original is gone when this handler returns.
    return true;
  }

  #request(session: Session, id: number, command: Command): void {
    const { clock, counters, sender } = this.#parts;
    const { principal, allowance } = session;
    const nowMs = clock.wallMs();
    if (principal === null || allowance === null) return this.#first(session, id, command);
    if (nowMs >= principal.expiresAtMs) return this.expire(session);
    if (this.isDraining) {
      counters.requestsWhileDraining++;
      const { reconnectAfterMs } = this.#parts.config;
      return sender.error(session, id, "server_shutdown", null, reconnectAfterMs);
    }
    const waitMs = allowance.take(nowMs);
    if (waitMs > 0) return this.#rateLimited(session, id, waitMs);
    session.rateLimitedInRow = 0;
    const refusal = refusalFor(principal, command);
    if (refusal !== null) return this.#refuse(session, id, refusal);
    switch (command.type) {
      case "Ping":
      case "GetMarket":
      case "GetCalendar":
      case "PreviewSchedule":
        return answerItself(this.#parts, session, id, command, nowMs);
      case "AdvanceCalendar":
        return void this.#advance(session, id, command.day);
      case "UnwatchAccount":
        this.#parts.subscriptions.endAccount(session, command.accountId ?? principal.subject);
        return sender.reply(session, "account.unwatch", id, "", NOTHING);
      case "UnwatchLoan":
        this.#parts.subscriptions.endLoan(session, command.loanId);
        return sender.reply(session, "loan.unwatch", id, "", NOTHING);
      case "Authenticate":
        return this.authenticate(session, id, command.token);
      case "ListLoan":
      case "Deposit": {
        const why = notByHand(this.#parts.config, command);
        if (why !== null) return this.#refuse(session, id, "forbidden", why);
        break;
      }
      default:
        break;
    }
    this.#submit(session, principal, id, attributed(command, principal));
  }

  /** A closing of business dates takes as long as all that they bring. */
  async #advance(session: Session, id: number, day: number): Promise<void> {
    const { runtime, sender, config, log, today } = this.#parts;
    const from = runtime.businessDay;
    if (!runtime.isServing || from === 0) return this.#refuse(session, id, "unavailable");
    const refused = refusedDay(day, from, today?.() ?? null);
    if (refused !== null) return sender.error(session, id, refused.code, refused.detail);
    // The records of dates name nobody: this line alone tells who it was.
    const facts = { by: session.principal?.subject, from, to: day };
    if (day > from) log.info(facts, "business dates are moved on by hand");
    try {
      await runtime.advanceTo(day);
      sender.reply(session, "calendar.advance", id, "", { day: runtime.businessDay });
    } catch (fault) {
      log.warn({ day, fault: String(fault) }, "business dates were not closed");
      sender.error(session, id, "unavailable", null, config.busyRetryAfterMs);
    }
  }

  #submit(session: Session, principal: Principal, id: number, command: ActorCommand): void {
    const { config, counters, runtime, sender, subscriptions } = this.#parts;
    if (session.inFlight >= config.inFlightPerSessionMax) {
      counters.requestsOverSessionLimit++;
      return sender.error(session, id, "server_busy", null, config.busyRetryAfterMs);
    }
    if (runtime.inFlight >= config.inFlightMax) {
      counters.requestsOverTotalLimit++;
      return sender.error(session, id, "server_busy", null, config.busyRetryAfterMs);
    }
    if (command.type === "Withdraw" && !this.#paysOut(session, id)) return;
    const self = ownAccountOf(principal);
    const isWatch = command.type === "WatchAccount" || command.type === "WatchLoan";
    if (isWatch && !subscriptions.ask(session, command, self)) {
      counters.watchesOverLimit++;
      const detail = `at most ${config.watchesPerSessionMax} are watched by one session`;
      return sender.error(session, id, "server_busy", detail, config.busyRetryAfterMs);
    }
    // Before: the runtime may answer at once.
    session.inFlight++;
    const rejection = runtime.submit({ command, correlationId: id, session, self, takenInMs: 0 });
    if (rejection === undefined) {
      counters.requestsAccepted++;
      return;
    }
    session.inFlight--;
    if (isWatch) subscriptions.answered(session, command, self, null);
    counters.requestsRejectedByRuntime++;
    sender.error(session, id, rejection.code, null, rejection.retryAfterMs);
  }

  #paysOut(session: Session, id: number): boolean {
    const { custodian, config, counters, sender } = this.#parts;
    if (custodian?.hasRoom === true) return true;
    if (custodian === undefined) this.#refuse(session, id, "custodian_not_configured");
    else {
      counters.requestsOverTotalLimit++;
      const detail = "too many withdrawals wait for the bank";
      sender.error(session, id, "server_busy", detail, config.busyRetryAfterMs);
    }
    return false;
  }

  /** What may be said before a token was verified: one token. */
  #first(session: Session, id: number, command: Command): void {
    const { counters, config, sender } = this.#parts;
    if (session.isAuthenticating) {
      counters.requestsOverSessionLimit++;
      return sender.error(session, id, "server_busy", null, config.busyRetryAfterMs);
    }
    if (command.type === "Authenticate") return this.authenticate(session, id, command.token);
    this.#refuse(session, id, "unauthenticated");
    this.#closeUnauthenticated(session, "authenticate first");
  }

  /** `id` is null for the token of a handshake: only its failure is told then. */
  authenticate(session: Session, id: number | null, token: string): void {
    const { admission, config, sender } = this.#parts;
    if (session.isAuthenticating || admission.isBusy) {
      return sender.error(session, id, "server_busy", null, config.busyRetryAfterMs);
    }
    session.isAuthenticating = true;
    void this.#verify(session, id, token);
  }

  async #verify(session: Session, id: number | null, token: string): Promise<void> {
    const { admission, config, counters, sender, clock } = this.#parts;
    const verdict = await admission.verify(token);
    session.isAuthenticating = false;
    if (!this.#isOpen(session)) {
      if (session.principal === null) counters.handshakesAborted++;
      return;
    }
    if (session.principal !== null) return this.#renew(session, id!, verdict);
    if (!verdict.ok) {
      this.#refuse(session, id, verdict.code);
      // The keys could not be fetched: that says nothing of the token, and will pass.
      if (verdict.code === "unavailable") return session.end(CLOSE.tryAgainLater, verdict.code);
      return this.#closeUnauthenticated(session, verdict.code);
    }
    if (!admission.seat(session, verdict.principal, clock.wallMs())) {
      counters.handshakesOverAccountLimit++;
      sender.error(session, id, "too_many_connections", null, config.busyRetryAfterMs);
      return session.end(CLOSE.tooMany, "too_many_connections");
    }
    if (id !== null) this.#authenticated(session, id, verdict.principal);
    const { held } = session;
    session.held = [];
    for (const frame of held) if (this.#isOpen(session)) this.#frame(session, frame);
  }

  /** A session keeps its subject for life: its watches and its requests in flight are theirs. */
  #renew(session: Session, id: number, verdict: Verdict): void {
    if (!verdict.ok) return this.#refuse(session, id, verdict.code);
    const { subject, role } = session.principal!;
    const { principal } = verdict;
    if (principal.subject !== subject || principal.role !== role) {
      return this.#refuse(session, id, "forbidden");
    }
    session.principal = principal;
    this.#authenticated(session, id, principal);
  }

  #authenticated(session: Session, id: number, principal: Principal): void {
    const { subject, role, expiresAtMs } = principal;
    const view = { subject, role, expiresAtMs };
    this.#parts.sender.reply(session, "session.authenticate", id, "", view);
  }

  #isOpen(session: Session): boolean {
    return session.socket !== undefined;
  }

  /** The token has run out and was not renewed. */
  expire(session: Session): void {
    this.#parts.counters.sessionsClosedExpired++;
    this.#parts.sender.error(session, null, "unauthenticated", "the token has expired");
    session.end(CLOSE.unauthenticated, "token expired");
  }

  /** No token came in time. */
  timeOut(session: Session): void {
    // One that was sent and is not verified yet is not the client's fault.
    if (session.isAuthenticating) return session.end(CLOSE.tryAgainLater, "unavailable");
    this.#parts.sender.error(session, null, "unauthenticated", "no token came in time");
    this.#closeUnauthenticated(session, "no token came in time");
  }

  revoke(session: Session): void {
    this.#parts.counters.sessionsClosedRevoked++;
    this.#parts.sender.error(session, null, "unauthenticated", "the token was revoked");
    session.end(CLOSE.unauthenticated, "token revoked");
  }

  #closeUnauthenticated(session: Session, reason: string): void {
    this.#parts.counters.sessionsClosedUnauthenticated++;
    session.end(CLOSE.unauthenticated, reason);
  }

  #refuse(session: Session, id: number | null, code: ErrorCode, why: string | null = null): void {
    const { counters, sender, config } = this.#parts;
    if (code === "unauthenticated") counters.requestsUnauthenticated++;
    else if (code === "forbidden") counters.requestsForbidden++;
    else if (code === "account_not_found") counters.requestsNotOwned++;
    const detail = code === "invalid_field" ? "accountId: an operator names the account" : why;
    sender.error(
      session,
      id,
      code,
      detail,
      code === "unavailable" ? config.busyRetryAfterMs : null,
    );
  }

  #rateLimited(session: Session, id: number, waitMs: number): void {
    const { counters, config, sender } = this.#parts;
    counters.requestsRateLimited++;
    sender.error(session, id, "rate_limited", null, waitMs);
    if (++session.rateLimitedInRow < config.rateLimitedInRowMax) return;
    counters.sessionsClosedRateLimited++;
    session.end(CLOSE.tooMany, "rate_limited");
  }

  #badFrame(session: Session, id: number | null, code: ErrorCode, detail: string): void {
    const { counters, config, sender } = this.#parts;
    if (code === "frame_too_large") counters.framesTooLarge++;
    else counters.framesMalformed++;
    sender.error(session, id, code, detail);
    if (++session.badFramesInRow < config.badFramesInRowMax) return;
    counters.sessionsClosedBadFrames++;
    session.end(CLOSE.badFrames, "too many bad frames");
  }
}

const NOTHING = Object.freeze({});
