// What client and server say to each other around the messages: the words of the handshake, and the
// codes with which the server closes (RFC 6455, 7.4.2: 4000 to 4999 are ours, the others IANA's).

export const SUBPROTOCOLS = { msgpack: "loanloom.v1.msgpack", json: "loanloom.v1.json" } as const;

/** Browsers cannot set headers on a WebSocket; a subprotocol entry is what they can send. */
export const BEARER_ENTRY = "bearer.";

export const CLOSE = {
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badFrames: 4400,
  /** No valid token in time, or it has expired. */
  unauthenticated: 4401,
  tooMany: 4429,
} as const;
