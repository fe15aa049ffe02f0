// From a callback's bytes to its effect in our books and the answer to the custodian: 200 only when
// the effect is durable, everything else makes the custodian say it again. So each deposit and each
// end of a payout has its effect exactly once, however often it is told.

import {
  countTaken,
  wordOfNotice,
  type Books,
  type CustodianCounters,
  type CustodianLog,
  type Taken,
} from "./books.ts";
import {
  CALLBACK_BYTES_MAX,
  CALLBACK_STATUS,
  readCallback,
  type CallbackRefusal,
} from "./callback.ts";
import type { Environment } from "./environment.ts";
import { headerRefusalOf, SIGNATURE_HEADER } from "./signature.ts";

export interface CallbackReaderParts {
  readonly keys: readonly Uint8Array[];
  /** How far the custodian's clock may be from ours. */
  readonly toleranceMs: number;
  readonly environment: Pick<Environment, "clock">;
  readonly books: Books;
  readonly counters: CustodianCounters;
  readonly log: CustodianLog;
}

export interface CallbackAnswer {
  readonly status: number;
  readonly fields: object;
}

/** Accounts that are not there may be opened; all else is a contradiction. */
const NOT_THERE: ReadonlySet<string> = new Set(["account_not_found", "withdrawal_not_found"]);

export class CallbackReader {
  readonly signatureHeader = SIGNATURE_HEADER;
  readonly bodyBytesMax = CALLBACK_BYTES_MAX;
  readonly #parts: CallbackReaderParts;

  constructor(parts: CallbackReaderParts) {
    this.#parts = parts;
  }

  /** Who has no signature is refused before its body is waited for. */
  screen(signature: string | undefined): CallbackAnswer | undefined {
    const reason = headerRefusalOf(signature);
    return reason === undefined ? undefined : this.#refuse(reason);
  }

  async take(signature: string | undefined, body: Uint8Array): Promise<CallbackAnswer> {
    const { keys, toleranceMs, environment, books, counters } = this.#parts;
    const nowMs = environment.clock.wallMs();
    const read = readCallback({ signature, body }, { keys, nowMs, toleranceMs });
    if (read.kind === "refused") return this.#refuse(read.reason);
    const { notice } = read;
    const word = wordOfNotice(notice);
    if (word === undefined) {
      this.#contradicts(notice, "withdrawal_not_found");
      counters.contradictions++;
      return refused(404, "withdrawal_not_found");
    }
    const taken = await new Promise<Taken>((resolve) => {
      const rejection = books.note(word, resolve);
      if (rejection !== undefined) resolve({ type: "Failed", ...rejection });
    });
    countTaken(counters, word, taken);
    switch (taken.type) {
      case "Noted":
        return { status: 200, fields: { status: taken.isNew ? "noted" : "known" } };
      case "Refused":
        this.#contradicts(notice, taken.code);
        return refused(NOT_THERE.has(taken.code) ? 404 : 409, taken.code);
      case "Failed":
        return refused(503, taken.code);
    }
  }

  #refuse(reason: CallbackRefusal): CallbackAnswer {
    const { callbacksRefused } = this.#parts.counters;
    callbacksRefused.set(reason, (callbacksRefused.get(reason) ?? 0) + 1);
    return refused(CALLBACK_STATUS[reason], reason);
  }

  #contradicts(notice: { type: string; reference: string }, code: string): void {
    const { type, reference } = notice;
    const facts = { notice: type, reference, code };
    this.#parts.log.error(facts, "the custodian says what the books cannot take down");
  }
}

function refused(status: number, error: string): CallbackAnswer {
  return { status, fields: { error } };
}
