// The sandbox custodian as a whole: a bank that can be run on a machine of one's own,
// kills and all. It listens on the loopback only, unless told otherwise: whoever
// reaches it can bring in money.

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, Readable } from "node:stream";
import type { Environment } from "../environment.ts";
import { signatureIn } from "../callback.ts";
import { SandboxApi, type ApiAnswer } from "./api.ts";
import { Booker } from "./booker.ts";
import { Faults } from "./faults.ts";
import { Notifier } from "./notifier.ts";
import { SandboxError } from "./sandbox-error.ts";
import { StoredBank } from "./stored-bank.ts";

export interface SandboxOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Where the bank's memory is; created when there is none. */
  readonly file: string;
  readonly keys: readonly Uint8Array[];
  readonly callbackUrl: string | null;
  /** From accepting a payout to booking it. */
  readonly bookingDelayMs: number;
  readonly utcOffsetMinutes: number;
  readonly environment: Environment;
  /** The disk failed: the process must end, and the next start reads what is there. */
  failed(error: Error): void;
}

export interface RunningSandbox {
  readonly url: string;
  readonly port: number;
  /** Answers what is under way, and resolves when all is on disk. */
  stop(): Promise<void>;
}

const BODY_BYTES_MAX = 16_384;
const CONNECTIONS_MAX = 512;
const REQUEST_MS_MAX = 15_000;
const STOP_MS_MAX = 1_000;

/** Throws SandboxError. */
export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  const { environment, keys, utcOffsetMinutes } = options;
  const faults = new Faults();
  const notifier: Notifier = new Notifier({
    callbackUrl: options.callbackUrl,
    keys,
    environment,
    faults,
    settled: ({ notificationId }, how) =>
      stored.record({ type: "notice_settled", notificationId, how }),
  });
  const stored = await StoredBank.open({
    path: options.file,
    nowMs: environment.clock.wallMs(),
    tell: (notice) => notifier.offer(notice),
    failed: (error) => options.failed(error),
  });
  const booker = new Booker(stored, options.bookingDelayMs, environment);
  const noticesSent = (): number => notifier.sent;
  const parts = { stored, booker, faults, keys, environment, utcOffsetMinutes, noticesSent };
  const api = new SandboxApi(parts);
  const server = createServer((request, response) => {
    void handle(api, environment, request, response);
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.headersTimeout = REQUEST_MS_MAX;
  server.requestTimeout = REQUEST_MS_MAX;
  try {
    await listen(server, options);
  } catch (error) {
    booker.stop();
    await stored.close();
    throw error;
  }
  for (const notice of stored.bank.notices.values()) notifier.offer(notice);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  const stop = async (): Promise<void> => {
    booker.stop();
    notifier.stop();
    await close(server, environment);
    await stored.close();
  };
  return { url: `http://${host}:${port}`, port, stop };
}

async function handle(
  api: SandboxApi,
  environment: Environment,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request);
  if (body === "gone") return;
  if (body === "too_large") {
    response.setHeader("connection", "close");
    return write(response, { kind: "fields", status: 413, fields: { error: "too_large" } });
  }
  const { answer, delayMs } = await api.answer({
    method: request.method ?? "",
    target: request.url ?? "",
    signature: signatureIn(request.headers),
    contentType: request.headers["content-type"],
    body,
  });
  if (delayMs === 0) write(response, answer);
  else environment.timers.after(delayMs, () => write(response, answer));
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array | "too_large" | "gone"> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > BODY_BYTES_MAX) return "too_large";
      pieces.push(piece);
    }
  } catch {
    return "gone";
  }
  return Buffer.concat(pieces);
}

function write(response: ServerResponse, answer: ApiAnswer): void {
  if (answer.kind === "never") return;
  if (answer.kind === "lines") {
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    // A reader that goes away in the middle is its own affair.
    pipeline(Readable.from(answer.pieces), response, () => undefined);
    return;
  }
  const text = JSON.stringify(answer.fields);
  response.writeHead(answer.status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(text);
}

async function listen(server: Server, { host, port }: SandboxOptions): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const { message } = error as Error;
    throw new SandboxError("cannot_listen", `cannot listen on ${host}:${port}: ${message}`);
  }
}

/** Connections on which the timeout switch keeps an answer back would never end by themselves. */
async function close(server: Server, environment: Environment): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const cancel = environment.timers.after(STOP_MS_MAX, () => server.closeAllConnections());
  await closed;
  cancel();
}
