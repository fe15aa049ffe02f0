// Calls to Restate over HTTP/2 on its unix sockets, many at once on a few connections.

import { connect, constants, type ClientHttp2Session } from "node:http2";
import { connect as connectSocket } from "node:net";

export class RestateClient {
  readonly #sessions: readonly ClientHttp2Session[];
  #next = 0;

  constructor(socketPath: string, connections: number, onFailure: (error: Error) => void) {
    this.#sessions = Array.from({ length: connections }, () => {
      const session = connect("http://restate", {
        createConnection: () => connectSocket(socketPath),
      });
      session.on("error", onFailure);
      return session;
    });
  }

  /** Posts JSON. Rejects with the answer when it is no success. */
  post(path: string, body: unknown, idempotencyKey?: string): Promise<unknown> {
    const session = this.#sessions[this.#next++ % this.#sessions.length]!;
    return new Promise((resolve, reject) => {
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: "POST",
        [constants.HTTP2_HEADER_PATH]: path,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      });
      let status = 0;
      let text = "";
      stream.setEncoding("utf8");
      stream.on("response", (headers) => (status = headers[":status"] ?? 0));
      stream.on("data", (chunk: string) => (text += chunk));
      stream.on("error", reject);
      stream.on("end", () => {
        if (status >= 200 && status < 300) resolve(text === "" ? undefined : JSON.parse(text));
        else reject(new Error(`Restate answered ${status} to ${path}: ${text}`));
      });
      stream.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}
