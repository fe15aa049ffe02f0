// What the gateway counts: plain numbers that only grow (or, where said, the present value), read
// by ops at each scrape. Counting must never cost more than an addition.

export interface GatewayCounters {
  /** Present value. */
  connectionsOpen: number;
  /** Present value: tokens being verified. */
  verificationsPending: number;
  connectionsOpened: number;
  /** Present value: connections that are no sessions, or not yet. */
  httpConnectionsOpen: number;
  /** Cut as soon as they were accepted: too many in total, or too fast from one address. */
  connectionsCutOverLimit: number;
  connectionsCutOverAddressRate: number;
  /** Handshakes refused, by reason. */
  handshakesMalformed: number;
  handshakesOriginRefused: number;
  handshakesUnauthenticated: number;
  handshakesOverConnectionLimit: number;
  handshakesOverAddressLimit: number;
  /** Found when the token was verified: the session is closed with 4429. */
  handshakesOverAccountLimit: number;
  handshakesBusy: number;
  handshakesWhileDraining: number;
  handshakesStandingBy: number;
  /** Clients that left while their first token was verified. */
  handshakesAborted: number;

  framesReceived: number;
  framesSent: number;
  bytesReceived: number;
  framesMalformed: number;
  framesTooLarge: number;

  requestsAccepted: number;
  requestsForbidden: number;
  requestsNotOwned: number;
  requestsUnauthenticated: number;
  requestsRateLimited: number;
  requestsOverSessionLimit: number;
  requestsOverTotalLimit: number;
  requestsRejectedByRuntime: number;
  requestsWhileDraining: number;
  watchesOverLimit: number;

  answersReleased: number;
  /** Answers whose session had gone: the client asks for the outcome after it reconnects. */
  answersWithoutSession: number;
  entriesPushed: number;
  receiptsPushed: number;
  /** Receipts that could not be told in time; the client may ask for them. */
  receiptsFailed: number;
  progressPublished: number;
  /** Changes of watched loans that a later one overtook before it was published. */
  progressConflated: number;

  sessionsClosedSlow: number;
  sessionsClosedBadFrames: number;
  sessionsClosedRateLimited: number;
  sessionsClosedUnauthenticated: number;
  sessionsClosedExpired: number;
  sessionsClosedRevoked: number;
  sessionsClosedByReset: number;

  httpRequests: number;
  httpRefused: number;
  httpTimeouts: number;
}

export function createGatewayCounters(): GatewayCounters {
  return {
    connectionsOpen: 0,
    verificationsPending: 0,
    connectionsOpened: 0,
    httpConnectionsOpen: 0,
    connectionsCutOverLimit: 0,
    connectionsCutOverAddressRate: 0,
    handshakesMalformed: 0,
    handshakesOriginRefused: 0,
    handshakesUnauthenticated: 0,
    handshakesOverConnectionLimit: 0,
    handshakesOverAddressLimit: 0,
    handshakesOverAccountLimit: 0,
    handshakesBusy: 0,
    handshakesWhileDraining: 0,
    handshakesStandingBy: 0,
    handshakesAborted: 0,
    framesReceived: 0,
    framesSent: 0,
    bytesReceived: 0,
    framesMalformed: 0,
    framesTooLarge: 0,
    requestsAccepted: 0,
    requestsForbidden: 0,
    requestsNotOwned: 0,
    requestsUnauthenticated: 0,
    requestsRateLimited: 0,
    requestsOverSessionLimit: 0,
    requestsOverTotalLimit: 0,
    requestsRejectedByRuntime: 0,
    requestsWhileDraining: 0,
    watchesOverLimit: 0,
    answersReleased: 0,
    answersWithoutSession: 0,
    entriesPushed: 0,
    receiptsPushed: 0,
    receiptsFailed: 0,
    progressPublished: 0,
    progressConflated: 0,
    sessionsClosedSlow: 0,
    sessionsClosedBadFrames: 0,
    sessionsClosedRateLimited: 0,
    sessionsClosedUnauthenticated: 0,
    sessionsClosedExpired: 0,
    sessionsClosedRevoked: 0,
    sessionsClosedByReset: 0,
    httpRequests: 0,
    httpRefused: 0,
    httpTimeouts: 0,
  };
}
