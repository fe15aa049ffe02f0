// What client and server say to each other around the messages: the words of the handshake, and the
// codes with which the server closes (RFC 6455, 7.4.2: 4000 to 4999 are ours, the others IANA's).

export const SUBPROTOCOLS = { msgpack: "loanloom.v1.msgpack", json: "loanloom.v1.json" } as const;

/** Browsers cannot set headers on a WebSocket; a subprotocol entry is what they can send. */
export const BEARER_ENTRY = "bearer.";

export const CLOSE = {
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badFrames: 4400,
  unauthenticated: 4401,
  tooMany: 4429,
} as const;

export const CLOSE_MEANINGS: Readonly<Record<keyof typeof CLOSE, string>> = {
  serviceRestart:
    "the server stops or lost its unconfirmed work: connect again, send again what was not answered",
  tryAgainLater:
    "the token could not be verified now, for want of the keys: wait, then connect again",
  badFrames: "too many frames in a row that were no messages",
  unauthenticated: "no valid token in time, or it has expired or was revoked",
  tooMany: "too many refused requests in a row, or too many connections",
};
