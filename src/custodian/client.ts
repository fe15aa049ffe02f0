// The custodian over HTTP. Each operation may be repeated safely, so a failure is tried again a few
// times at once and then told as `unknown`: the outbox, or a person, asks again later.
//
//   POST /payouts              202 {status} | 409 | 422 {reason}
//   GET  /payouts/:reference   200 {status} | 404
//   GET  /statement?date=      200, JSON lines (statement-reader.ts)

import { setMaxListeners } from "node:events";
import { assert } from "../money/assert.ts";
import { Circuit, type CircuitLimits, type CircuitStateName } from "./circuit.ts";
import { backoffMs, type BackoffLimits, type Environment } from "./environment.ts";
import { exchange, textOf, type HttpRequest, type HttpTarget } from "./http-call.ts";
import type {
  Custodian,
  CustodianFault,
  PayoutFound,
  PayoutOrder,
  PayoutReference,
  PayoutSent,
  StatementRead,
  Unknown,
} from "./port.ts";
import type { StatementDate } from "./statement-date.ts";
import { StatementReader } from "./statement-reader.ts";
import { isReason, isReference, parseObject, readStatus, type Unchecked } from "./wire.ts";

export interface ClientLimits {
  /** An attempt without a whole answer by then has failed; for a statement: such a silence. */
  readonly answerMsMax: number;
  /** The longest time that a whole statement may take. */
  readonly statementMsMax: number;
  /** Attempts of one operation before it is told as unknown. */
  readonly attemptsMax: number;
  /** Between the attempts of one operation. */
  readonly attempts: BackoffLimits;
  readonly circuit: CircuitLimits;
  /** Bookings of a day; a longer statement is refused as malformed. */
  readonly statementLinesMax: number;
}

export const CLIENT_LIMITS: ClientLimits = {
  answerMsMax: 10_000,
  statementMsMax: 600_000,
  attemptsMax: 3,
  attempts: { delayMsFirst: 200, delayMsMax: 2_000 },
  circuit: {
    windowCalls: 20,
    callsMin: 5,
    failedShareMax: 0.5,
    delayMsFirst: 1_000,
    delayMsMax: 30_000,
  },
  statementLinesMax: 5_000_000,
};

export interface ClientOptions {
  readonly url: string;
  /** 32 bytes each; every request is signed with all of them. */
  readonly keys: readonly Uint8Array[];
  readonly environment: Environment;
  readonly limits?: ClientLimits;
}

/** Plain numbers that ops reads. */
export interface ClientCounters {
  attempts: number;
  readonly faults: Record<CustodianFault, number>;
}

const ANSWER_BYTES_MAX = 16_384;

type Question = Pick<HttpRequest, "method" | "path" | "body">;
type Faulty = { readonly fault: CustodianFault };

export class HttpCustodian implements Custodian {
  readonly counters: ClientCounters = {
    attempts: 0,
    faults: {
      circuit_open: 0,
      unreachable: 0,
      timeout: 0,
      server_error: 0,
      rejected: 0,
      malformed_answer: 0,
      closed: 0,
    },
  };
  readonly #target: HttpTarget;
  readonly #limits: ClientLimits;
  readonly #circuit: Circuit;
  readonly #closing = new AbortController();

  constructor({ url, keys, environment, limits = CLIENT_LIMITS }: ClientOptions) {
    assert(limits.attemptsMax >= 1, "at least one attempt");
    this.#target = { baseUrl: new URL(url), keys, environment };
    this.#limits = limits;
    this.#circuit = new Circuit(limits.circuit, environment);
    // Everything under way listens to it: no leak, as Node would suspect.
    setMaxListeners(0, this.#closing.signal);
  }

  get circuitState(): CircuitStateName {
    return this.#circuit.state;
  }

  get circuitOpenings(): number {
    return this.#circuit.openings;
  }

  /** Ends what is under way as unknown, and everything that is asked from now on. */
  close(): void {
    this.#closing.abort();
  }

  sendPayout(order: PayoutOrder): Promise<PayoutSent> {
    const { reference, accountId, amountCents, beneficiary } = order;
    const body = JSON.stringify({ reference, accountId, amountCents, beneficiary });
    return this.#repeat<Exclude<PayoutSent, Unknown>>(async () => {
      const answer = await this.#ask({ method: "POST", path: "/payouts", body });
      if ("fault" in answer) return answer;
      const { status, fields } = answer;
      // An answer to something else, by a mix-up on the way, must not settle this payout.
      if (fields["reference"] !== reference) return faultOf(status);
      if (status === 202) {
        const payout = readStatus(fields);
        if (payout !== undefined && payout.status !== "refused")
          return { kind: "accepted", payout };
      }
      if (status === 409) return { kind: "conflict" };
      if (status === 422) {
        const { reason } = fields;
        if (isReason(reason)) return { kind: "refused", reason };
      }
      return faultOf(status);
    });
  }

  findPayout(reference: PayoutReference): Promise<PayoutFound> {
    assert(isReference(reference), "a reference fits into a path");
    const path = `/payouts/${reference}`;
    return this.#repeat<Exclude<PayoutFound, Unknown>>(async () => {
      const answer = await this.#ask({ method: "GET", path });
      if ("fault" in answer) return answer;
      const { status, fields } = answer;
      if (fields["reference"] !== reference) return faultOf(status);
      if (status === 404) return { kind: "not_found" };
      const payout = status === 200 ? readStatus(fields) : undefined;
      return payout === undefined ? faultOf(status) : { kind: "found", payout };
    });
  }

  readStatement(date: StatementDate): Promise<StatementRead> {
    const path = `/statement?date=${date}`;
    return this.#repeat<Exclude<StatementRead, Unknown>>(async () => {
      const { statementLinesMax, statementMsMax } = this.#limits;
      const reader = new StatementReader(date, statementLinesMax);
      const question = { method: "GET", path } as const;
      const done = await this.#exchange(question, statementMsMax, async ({ status, pieces }) => {
        if (status !== 200) return faultOf(status);
        for await (const piece of pieces) if (!reader.push(piece)) break;
        const statement = reader.end();
        return statement === null ? faultOf(status) : { kind: "read" as const, statement };
      });
      return "failure" in done ? { fault: done.failure } : done.read;
    });
  }

  async #ask(request: Question): Promise<{ status: number; fields: Unchecked } | Faulty> {
    const done = await this.#exchange(request, this.#limits.answerMsMax, async (answer) => ({
      status: answer.status,
      text: await textOf(answer, ANSWER_BYTES_MAX),
    }));
    if ("failure" in done) return { fault: done.failure };
    const { status, text } = done.read;
    const fields = text === null ? undefined : parseObject(text);
    return fields === undefined ? faultOf(status) : { status, fields };
  }

  #exchange<Result>(
    question: Question,
    totalMsMax: number,
    read: Parameters<typeof exchange<Result>>[2],
  ): ReturnType<typeof exchange<Result>> {
    const request = { ...question, silenceMsMax: this.#limits.answerMsMax, totalMsMax };
    this.counters.attempts++;
    return exchange(this.#target, request, read, this.#closing.signal);
  }

  async #repeat<Result extends object>(
    attempt: () => Promise<Result | Faulty>,
  ): Promise<Result | Unknown> {
    const { environment } = this.#target;
    for (let failures = 0; ;) {
      const result = await this.#circuit.run(async () => {
        const got = await attempt();
        return { result: got, hasFailed: "fault" in got && got.fault !== "closed" };
      });
      if (result !== null && !("fault" in result)) return result;
      const fault = this.#closing.signal.aborted ? "closed" : (result?.fault ?? "circuit_open");
      this.counters.faults[fault]++;
      failures++;
      const retryAfterMs =
        this.#circuit.waitMs ??
        backoffMs(this.#limits.attempts, failures - 1, environment.random());
      const isLast = failures >= this.#limits.attemptsMax || this.#circuit.waitMs !== null;
      if (fault === "closed" || isLast) return { kind: "unknown", fault, retryAfterMs };
      await this.#pause(retryAfterMs);
    }
  }

  /** Cut short when this end is closed. */
  #pause(delayMs: number): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.#target.environment.timers.after(delayMs, done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}

/** What is wrong with an answer that says nothing that was asked for. */
function faultOf(status: number): Faulty {
  if (status >= 500 || status === 429 || status === 408) return { fault: "server_error" };
  return { fault: status >= 300 ? "rejected" : "malformed_answer" };
}
