// Whether it is certain where a request ends. What stands before this server (a proxy, a cache)
// must see the very same requests in a stream of bytes; where two readers could differ, one of them
// can be made to take somebody's body for a request of another (RFC 9112, 6.3 and 11.2).
// uWebSockets.js itself refuses a length with a sign and a length beside an encoding; it takes the
// first of two lengths, an empty one for none, and any encoding that ends in "chunked".

import type * as uWS from "uWebSockets.js";
import type { GatewayCounters } from "./counters.ts";
import { HttpExchange } from "./http-exchange.ts";

export type HttpHandler = (response: uWS.HttpResponse, request: uWS.HttpRequest) => void;

/** Undefined when the end of the request is certain; otherwise what is wrong. */
export function framingFault(request: uWS.HttpRequest): string | undefined {
  let lengths = 0;
  let encodings = 0;
  let fault: string | undefined;
  request.forEach((name, value) => {
    if (name === "content-length") {
      lengths++;
      if (!/^\d{1,15}$/.test(value)) fault = "Content-Length must be a whole number";
    } else if (name === "transfer-encoding") {
      encodings++;
      if (value.toLowerCase() !== "chunked") fault = "Transfer-Encoding must be chunked";
    }
  });
  return lengths + encodings > 1 ? "one Content-Length, or Transfer-Encoding, and once" : fault;
}

/**
 * The handler, for requests of which it is certain where they end; others get 400 and are closed.
 */
export function framed(counters: GatewayCounters, handle: HttpHandler): HttpHandler {
  return (response, request) => {
    const fault = framingFault(request);
    if (fault === undefined) handle(response, request);
    else refuseUnframed(response, counters, fault);
  };
}

/**
 * Answers later, not now: bytes that came behind an answered request are served as the next one,
 * also when the answer closes the connection. Behind one that waits they close it at once.
 */
export function refuseUnframed(
  response: uWS.HttpResponse,
  counters: GatewayCounters,
  fault: string,
): void {
  counters.httpRequests++;
  counters.httpRefused++;
  // No method: after this answer nothing may follow.
  const exchange = new HttpExchange(response, "", 0, () => undefined);
  setImmediate(() => exchange.fail("malformed_frame", fault));
}
