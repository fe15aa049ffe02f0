// The custodian bank for a server: client, desk and callbacks put together from settings. What it
// needs of the rest is `books`; what it gives are the parts that the gateway and ops ask for.

import { createCustodianCounters, type Books, type CustodianLog } from "./books.ts";
import { CallbackReader } from "./callback-reader.ts";
import { CLIENT_LIMITS, HttpCustodian, type ClientLimits } from "./client.ts";
import type { Environment } from "./environment.ts";
import { loadKeys } from "./key-file.ts";
import { OUTBOX_LIMITS } from "./outbox.ts";
import { PayoutDesk, type PayoutChange } from "./payout-desk.ts";

/** As the settings of the server have them. */
export interface CustodianSettings {
  readonly keys: readonly Uint8Array[] | null;
  readonly keyFile: string | null;
  readonly toleranceMs: number;
  readonly answerMsMax: number;
  readonly inFlightMax: number;
  readonly withdrawalsMax: number;
  readonly retryMsMax: number;
  readonly circuitMsMax: number;
  readonly pollMs: number;
}

export interface ServiceOptions {
  readonly url: string;
  readonly keys: readonly Uint8Array[];
  readonly settings: CustodianSettings;
  readonly environment: Environment;
  readonly books: Books;
  readonly log: CustodianLog;
}

/** What is not taken down at once is said again after so long. */
const NOTE_AGAIN_MS = 5_000;

export class CustodianService {
  readonly callbacks: CallbackReader;
  readonly counters = createCustodianCounters();
  readonly #client: HttpCustodian;
  readonly #desk: PayoutDesk;

  constructor({ url, keys, settings, environment, books, log }: ServiceOptions) {
    const { counters } = this;
    this.#client = new HttpCustodian({ url, keys, environment, limits: clientLimits(settings) });
    const { withdrawalsMax, inFlightMax, retryMsMax, pollMs } = settings;
    const { delayMsFirst } = OUTBOX_LIMITS.attempts;
    const attempts = { delayMsFirst: Math.min(delayMsFirst, retryMsMax), delayMsMax: retryMsMax };
    this.#desk = new PayoutDesk({
      custodian: this.#client,
      environment,
      books,
      limits: {
        outbox: { ordersMax: withdrawalsMax, inFlightMax, attempts },
        pollMs,
        pollsInFlightMax: inFlightMax,
        noteAgainMs: NOTE_AGAIN_MS,
      },
      counters,
      log,
    });
    const { toleranceMs } = settings;
    this.callbacks = new CallbackReader({ keys, toleranceMs, environment, books, counters, log });
  }

  /** Whether more withdrawals may be taken in. */
  get hasRoom(): boolean {
    return this.#desk.hasRoom;
  }

  /** A withdrawal is durably to be carried out, or has durably ended. */
  changed(change: PayoutChange): void {
    this.#desk.changed(change);
  }

  get withdrawalsUnderWay(): number {
    return this.#desk.depth;
  }

  get withdrawalsStuck(): number {
    return this.#desk.stuck;
  }

  get isCircuitOpen(): boolean {
    return this.#client.circuitState !== "closed";
  }

  get circuitOpenings(): number {
    return this.#client.circuitOpenings;
  }

  get calls(): number {
    return this.#client.counters.attempts;
  }

  get faults(): Readonly<Record<string, number>> {
    return this.#client.counters.faults;
  }

  /** Nothing is sent or taken down from now on; what was not settled is, after the next start. */
  close(): void {
    this.#desk.close();
    this.#client.close();
  }
}

export function clientLimits(settings: CustodianSettings): ClientLimits {
  const { answerMsMax, circuitMsMax } = settings;
  const { circuit } = CLIENT_LIMITS;
  const delayMsFirst = Math.min(circuit.delayMsFirst, circuitMsMax);
  return {
    ...CLIENT_LIMITS,
    answerMsMax,
    circuit: { ...circuit, delayMsFirst, delayMsMax: circuitMsMax },
  };
}

/** Those of the settings, else of the file, which is made when absent. Throws KeyFileError. */
export async function keysOf(
  { keys, keyFile }: Pick<CustodianSettings, "keys" | "keyFile">,
  fallbackFile: string,
): Promise<readonly Uint8Array[]> {
  return keys ?? (await loadKeys(keyFile ?? fallbackFile));
}
