// What the sandbox answers to each request. It knows no socket: requests come in whole, and answers
// leave when what they say is on disk.
//
//   POST /payouts              signed    202 {status} | 409 | 422 {reason}
//   GET  /payouts/:reference   signed    200 {status} | 404
//   GET  /statement?date=      signed    200 JSON lines | 400
//   POST /sandbox/deposits     unsigned  201: brings in money, as a client's transfer would
//   GET, PUT /sandbox/faults   unsigned  200: the fault switches and how often each struck
//   GET  /healthz              unsigned  200
//
// Faults strike the signed requests only, so that a demo can always steer.

import { assertNever } from "../../money/assert.ts";
import type { Environment } from "../environment.ts";
import { requestContent } from "../http-call.ts";
import type { PayoutStatus, Reason } from "../port.ts";
import { refusalOf, TOLERANCE_MS_DEFAULT } from "../signature.ts";
import { parseStatementDate } from "../statement-date.ts";
import { isAccountId, isAmount, isReference, parseObject, readOrder } from "../wire.ts";
import type { Unchecked } from "../wire.ts";
import type { PayoutFields } from "./bank-event.ts";
import type { Booker } from "./booker.ts";
import { readFaults, type Faults } from "./faults.ts";
import { currentDate, statementPieces } from "./statement-page.ts";
import type { StoredBank } from "./stored-bank.ts";

export interface ApiRequest {
  readonly method: string;
  /** Path and query exactly as they came: they are signed. */
  readonly target: string;
  readonly signature: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

export type ApiAnswer =
  | { readonly kind: "fields"; readonly status: number; readonly fields: object }
  | { readonly kind: "lines"; readonly pieces: Iterable<string> }
  /** It was carried out, and the answer is lost. */
  | { readonly kind: "never" };

export interface ApiParts {
  readonly stored: StoredBank;
  readonly booker: Booker;
  readonly faults: Faults;
  readonly keys: readonly Uint8Array[];
  readonly environment: Environment;
  readonly utcOffsetMinutes: number;
  readonly noticesSent: () => number;
}

const JSON_TYPE = /^application\/json(?:;|$)/;

export class SandboxApi {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /** Resolves when the answer may be seen. The caller adds the delay of the `slowMs` switch. */
  async answer(request: ApiRequest): Promise<{ answer: ApiAnswer; delayMs: number }> {
    const base = "http://sandbox";
    const url = URL.canParse(request.target, base) ? new URL(request.target, base) : null;
    const pathname = url?.pathname ?? "";
    const isSteering = pathname.startsWith("/sandbox/") || pathname === "/healthz";
    const answer = isSteering
      ? this.#steer(request, pathname)
      : this.#serve(request, pathname, url?.searchParams ?? new URLSearchParams());
    await this.#parts.stored.flushed();
    return { answer, delayMs: isSteering ? 0 : this.#parts.faults.slowMs() };
  }

  #serve(request: ApiRequest, pathname: string, query: URLSearchParams): ApiAnswer {
    const { method, target, signature, body } = request;
    const { keys, environment, faults } = this.#parts;
    const refusal = refusalOf({
      header: signature,
      content: requestContent(method, target, body),
      keys,
      nowMs: environment.clock.wallMs(),
      toleranceMs: TOLERANCE_MS_DEFAULT,
    });
    if (refusal !== undefined) return failed(401, refusal);
    const fields = method === "POST" ? fieldsOf(request) : {};
    if (fields === undefined) return failed(400, "malformed");
    const about = `${method} ${method === "POST" ? String(fields["reference"]) : target}`;
    if (faults.strikes("failRate", about)) return failed(503, "unavailable");
    const answer = this.#route(method, pathname, query, fields);
    return faults.strikes("timeoutRate", about) ? { kind: "never" } : answer;
  }

  #route(method: string, pathname: string, query: URLSearchParams, fields: Unchecked): ApiAnswer {
    if (pathname === "/payouts") {
      return method === "POST" ? this.#payout(fields) : failed(405, "method_not_allowed");
    }
    if (method !== "GET") return failed(405, "method_not_allowed");
    if (pathname === "/statement") return this.#statement(query.get("date") ?? "");
    const reference = /^\/payouts\/([^/]+)$/.exec(pathname)?.[1];
    if (reference === undefined) return failed(404, "no_such_path");
    return this.#find(reference);
  }

  #payout(fields: Unchecked): ApiAnswer {
    const order = readOrder(fields);
    if (order === undefined) return failed(400, "malformed");
    const { reference } = order;
    const decision = this.#parts.stored.bank.decidePayout(order);
    switch (decision.kind) {
      case "known":
        return statusAnswer(reference, decision.status);
      case "conflict":
        return failed(409, "reference_conflict", { reference });
      case "full":
        return failed(507, "sandbox_full");
      case "new":
        return statusAnswer(reference, this.#take(order, decision.refusedFor));
      default:
        return assertNever(decision);
    }
  }

  #take(order: PayoutFields, refusedFor: Reason | null): PayoutStatus {
    const { stored, faults, booker, environment } = this.#parts;
    const { reference, accountId, amountCents, beneficiary } = order;
    const fields = { reference, accountId, amountCents, beneficiary };
    const nowMs = environment.clock.wallMs();
    const reason =
      refusedFor ??
      (faults.strikes("refuseRate", reference) ? ("beneficiary_unknown" as Reason) : null);
    if (reason !== null) {
      stored.record({ type: "payout_refused", ...fields, reason, refusedAtMs: nowMs });
      return { status: "refused", reason };
    }
    const bounces = faults.strikes("bounceRate", reference);
    const failsFor = bounces ? ("beneficiary_account_closed" as Reason) : null;
    stored.record({ type: "payout_accepted", ...fields, failsFor, acceptedAtMs: nowMs });
    booker.add(stored.bank.payout(reference)!);
    return { status: "pending" };
  }

  #find(reference: string): ApiAnswer {
    const payout = this.#parts.stored.bank.payout(reference);
    if (payout === undefined) return failed(404, "not_found", { reference });
    return { kind: "fields", status: 200, fields: { reference, ...payout.status } };
  }

  #statement(text: string): ApiAnswer {
    const { stored, utcOffsetMinutes, environment } = this.#parts;
    const { bank } = stored;
    const nowMs = environment.clock.wallMs();
    const date = parseStatementDate(text);
    if (date === undefined) return failed(400, "malformed");
    if (date > currentDate(bank, utcOffsetMinutes, nowMs)) return failed(400, "date_in_future");
    return { kind: "lines", pieces: statementPieces(bank, { date, utcOffsetMinutes, nowMs }) };
  }

  #steer(request: ApiRequest, pathname: string): ApiAnswer {
    const { faults } = this.#parts;
    const asked = `${request.method} ${pathname}`;
    if (asked === "GET /healthz") return this.#health();
    if (asked === "GET /sandbox/faults") {
      return { kind: "fields", status: 200, fields: { ...faults.settings, fired: faults.fired } };
    }
    const isKnown = asked === "POST /sandbox/deposits" || asked === "PUT /sandbox/faults";
    if (!isKnown) return failed(404, "no_such_path");
    const fields = fieldsOf(request);
    if (fields === undefined) return failed(400, "malformed");
    if (request.method === "POST") return this.#deposit(fields);
    const settings = readFaults(fields);
    if ("wrong" in settings) return failed(400, "wrong_setting", { setting: settings.wrong });
    faults.set(settings);
    return { kind: "fields", status: 200, fields: settings };
  }

  #deposit(fields: Unchecked): ApiAnswer {
    const { stored, environment } = this.#parts;
    const { bank } = stored;
    const { accountId, amountCents, reference = `${bank.id}-d${bank.eventCount + 1}` } = fields;
    if (!isAccountId(accountId) || !isAmount(amountCents) || !isReference(reference)) {
      return failed(400, "malformed");
    }
    const deposit = { reference, accountId, amountCents };
    const known = bank.decideDeposit(deposit);
    if (known === "conflict") return failed(409, "reference_conflict", { reference });
    if (known === "full") return failed(507, "sandbox_full");
    if (known === null) {
      const bookedAtMs = Math.max(environment.clock.wallMs(), bank.lastBookedAtMs);
      stored.record({ type: "deposit_booked", ...deposit, bookedAtMs });
    }
    const entry = known ?? bank.entries.at(-1)!;
    return { kind: "fields", status: 201, fields: { ...deposit, bookedAtMs: entry.bookedAtMs } };
  }

  #health(): ApiAnswer {
    const { bank } = this.#parts.stored;
    const fields = {
      status: "ok",
      balanceCents: bank.balanceCents,
      reservedCents: bank.reservedCents,
      entries: bank.entries.length,
      payoutsPending: bank.pending.size,
      noticesPending: bank.notices.size,
      noticesSent: this.#parts.noticesSent(),
    };
    return { kind: "fields", status: 200, fields };
  }
}

/** A page of a browser cannot send this type to another origin without asking first. */
function fieldsOf({ contentType, body }: ApiRequest): Unchecked | undefined {
  if (contentType === undefined || !JSON_TYPE.test(contentType)) return undefined;
  return parseObject(Buffer.from(body).toString());
}

function statusAnswer(reference: string, status: PayoutStatus): ApiAnswer {
  if (status.status === "refused") {
    return failed(422, "refused", { reference, reason: status.reason });
  }
  return { kind: "fields", status: 202, fields: { reference, ...status } };
}

function failed(status: number, error: string, more: object = {}): ApiAnswer {
  return { kind: "fields", status, fields: { error, ...more } };
}
