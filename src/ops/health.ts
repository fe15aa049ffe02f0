// What the server says of itself to whoever decides about it. Alive: the process turns, and a
// restart would not help. Ready: it may be sent work. A server that waits for Redis is alive and
// not ready: restarting it would only lose what it holds in memory to heal Redis with.

export interface Health {
  /** Status of HTTP: 200, or 503 when the answer is no. */
  readonly status: 200 | 503;
  readonly body: { readonly [name: string]: string | boolean };
}

/** Whoever gets an answer at all knows. */
export function liveness(): Health {
  return { status: 200, body: { alive: true } };
}

export interface Readiness {
  readonly ready: boolean;
  readonly reason: string;
}

/** A server that drains is not ready, whatever its shards are. */
export function readiness(shards: Readiness, draining: boolean): Health {
  const { ready, reason } = draining ? { ready: false, reason: "shutting down" } : shards;
  return { status: ready ? 200 : 503, body: { ready, reason } };
}
