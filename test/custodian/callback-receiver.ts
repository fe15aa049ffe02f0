// The server's end of callbacks: a real HTTP server that checks each one as the gateway will, and
// keeps what it was told.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { CALLBACK_STATUS, readCallback, signatureIn } from "../../src/custodian/callback.ts";
import type { Notice } from "../../src/custodian/port.ts";
import { KEY } from "./orders.ts";

export class CallbackReceiver {
  /** In the order in which they came, repetitions included. */
  readonly notices: Notice[] = [];
  readonly refusals: string[] = [];
  /** Known as soon as the sandbox has them: the sandbox is started with this receiver's address. */
  keys: readonly Uint8Array[] = [KEY];
  /** The status for a good notice. */
  answer: (notice: Notice) => number = () => 204;
  url = "";

  /** Ends with the test that runs. */
  static async start(): Promise<CallbackReceiver> {
    const receiver = new CallbackReceiver();
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const signature = signatureIn(request.headers);
        response.writeHead(receiver.#take(signature, Buffer.concat(pieces))).end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/custodian`;
    return receiver;
  }

  #take(signature: string | undefined, body: Uint8Array): number {
    const read = readCallback({ signature, body }, { keys: this.keys, nowMs: Date.now() });
    if (read.kind === "refused") {
      this.refusals.push(read.reason);
      return CALLBACK_STATUS[read.reason];
    }
    const status = this.answer(read.notice);
    if (status < 300) this.notices.push(read.notice);
    return status;
  }

  /** What was told about each reference, without repetitions. */
  get told(): ReadonlyMap<string, string> {
    return new Map(this.notices.map(({ reference, type }) => [reference, type]));
  }
}
