// Where the custodian bank's callbacks come in: the whole body, bounded, and the header with its
// signature go to whoever understands them. This room checks no signature and books nothing; it
// answers when it is told to, which is after what the callback says is durable.

import { STATUS_CODES } from "node:http";
import type { HttpExchange } from "./http-exchange.ts";

/** Callbacks whose bodies are being read or that wait for their commit. */
export const CALLBACKS_MAX = 512;

export interface CallbackAnswer {
  readonly status: number;
  readonly fields: object;
}

/** Implemented by the custodian's room, wired in main. */
export interface CallbackReader {
  readonly signatureHeader: string;
  readonly bodyBytesMax: number;
  /** Never rejects. Does not resolve when what it began was lost: then the exchange is failed. */
  take(signature: string | undefined, body: Uint8Array): Promise<CallbackAnswer>;
}

/** The custodian bank as this room sees it. */
export interface CustodianDoor {
  readonly callbacks: CallbackReader;
  /** False while so many withdrawals are under way that no more are taken. */
  readonly hasRoom: boolean;
}

export class CallbackDoor {
  readonly reader: CallbackReader;
  #underWay = 0;

  constructor(reader: CallbackReader) {
    this.reader = reader;
  }

  get isBusy(): boolean {
    return this.#underWay >= CALLBACKS_MAX;
  }

  /** `signature`: the header's value, empty when there was none. */
  receive(exchange: HttpExchange, signature: string): void {
    this.#underWay++;
    exchange.onEnd(() => void this.#underWay--);
    exchange.readBody(this.reader.bodyBytesMax, (body) => {
      void this.#take(exchange, signature, body);
    });
  }

  async #take(exchange: HttpExchange, signature: string, body: Uint8Array | null): Promise<void> {
    // One byte too many says as much as all of them.
    const shown = body ?? new Uint8Array(this.reader.bodyBytesMax + 1);
    const { status, fields } = await this.reader.take(signature || undefined, shown);
    exchange.json(`${status} ${STATUS_CODES[status] ?? ""}`, fields);
  }
}
