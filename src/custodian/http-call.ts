// One HTTP exchange with the custodian: signed, bounded in time and size, every failure a value.
// It follows no redirect: what was signed for one address is not for another.

import { assert } from "../money/assert.ts";
import type { Environment } from "./environment.ts";
import type { CustodianFault } from "./port.ts";
import { sign, SIGNATURE_HEADER } from "./signature.ts";

export interface HttpTarget {
  /** Where the custodian's API begins: http or https, without query. */
  readonly baseUrl: URL;
  /** Signs each request; the first is the current key. */
  readonly keys: readonly Uint8Array[];
  readonly environment: Environment;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** With its query, from the base. */
  readonly path: string;
  readonly body?: string;
  /** The longest silence: until the answer begins, and between two pieces of it. */
  readonly silenceMsMax: number;
  /** The longest time for all of it: an answer that drips never ends by silence. */
  readonly totalMsMax: number;
}

/** An answer has begun: status and body, which `read` takes piece by piece. */
export interface HttpAnswer {
  readonly status: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

export type HttpFailure = Extract<
  CustodianFault,
  "unreachable" | "timeout" | "closed" | "malformed_answer"
>;

/**
 * Resolves to what `read` makes of the answer, or to the failure. `read` may end early; the rest is
 * thrown away with the connection. A failure of the connection while it reads ends it by rejecting
 * its iteration; anything else that `read` throws is a bug and comes out.
 */
export async function exchange<Result>(
  { baseUrl, keys, environment }: HttpTarget,
  { method, path, body = "", silenceMsMax, totalMsMax }: HttpRequest,
  read: (answer: HttpAnswer) => Promise<Result>,
  closed: AbortSignal,
): Promise<{ readonly read: Result } | { readonly failure: HttpFailure }> {
  const { clock, timers } = environment;
  const url = new URL(`${baseUrl.pathname.replace(/\/$/, "")}${path}`, baseUrl);
  const content = requestContent(method, `${url.pathname}${url.search}`, body);
  const control = new AbortController();
  let failure: HttpFailure | undefined;
  const end = (why: HttpFailure): void => {
    failure ??= why;
    control.abort();
  };
  const close = (): void => end("closed");
  if (closed.aborted) return { failure: "closed" };
  closed.addEventListener("abort", close, { once: true });
  const stopTotal = timers.after(totalMsMax, () => end("timeout"));
  let stopSilence = timers.after(silenceMsMax, () => end("timeout"));
  const heard = (): void => {
    stopSilence();
    stopSilence = timers.after(silenceMsMax, () => end("timeout"));
  };
  try {
    const response = await fetch(url, {
      method,
      redirect: "manual",
      signal: control.signal,
      headers: {
        [SIGNATURE_HEADER]: sign(content, keys, clock.wallMs()),
        ...(method === "POST" ? { "content-type": "application/json" } : {}),
      },
      ...(method === "POST" ? { body } : {}),
    });
    heard();
    const broken = (): void => end("unreachable");
    const pieces = piecesOf(response.body, heard, broken);
    return { read: await read({ status: response.status, pieces }) };
  } catch (error) {
    if (failure !== undefined) return { failure };
    // fetch says "TypeError: fetch failed" for all that is wrong with a connection.
    if (error instanceof TypeError) return { failure: "unreachable" };
    throw error;
  } finally {
    stopTotal();
    stopSilence();
    closed.removeEventListener("abort", close);
    // What was not read is not worth waiting for; after a whole answer this does nothing.
    control.abort();
  }
}

/** What the signature of a request is made over, besides the time. */
export function requestContent(
  method: string,
  pathAndQuery: string,
  body: string | Uint8Array,
): readonly (string | Uint8Array)[] {
  return [`${method} ${pathAndQuery}\n`, body];
}

async function* piecesOf(
  body: ReadableStream<Uint8Array> | null,
  heard: () => void,
  broken: () => void,
): AsyncGenerator<Uint8Array, void> {
  if (body === null) return;
  const reader = body.getReader();
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      broken();
      throw error;
    }
    heard();
    if (piece.done) return;
    yield piece.value;
  }
}

/** The whole body as text; null when it has more than `bytesMax` bytes. */
export async function textOf(answer: HttpAnswer, bytesMax: number): Promise<string | null> {
  assert(bytesMax > 0, "a limit on an answer");
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.pieces) {
    bytes += piece.length;
    if (bytes > bytesMax) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
