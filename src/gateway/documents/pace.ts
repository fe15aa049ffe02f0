// Whether a client sends as fast as it must. Only time in which it may send counts: while an upload
// waits for the disk or for its turn, nobody can be said to be slow.

/** Long enough for a mobile network to catch its breath. */
export const PACE_WINDOW_MS = 5_000;

export class Pace {
  readonly #bytesPerWindowMin: number;
  #seenAtMs: number;
  #mightSendMs = 0;
  #bytes = 0;

  constructor(bytesPerSecondMin: number, nowMs: number) {
    this.#bytesPerWindowMin = (bytesPerSecondMin * PACE_WINDOW_MS) / 1_000;
    this.#seenAtMs = nowMs;
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Looked at every now and then: `maySend` is taken for the time since it was looked at last. */
  isTooSlow(maySend: boolean, nowMs: number): boolean {
    const elapsedMs = nowMs - this.#seenAtMs;
    this.#seenAtMs = nowMs;
    if (maySend) this.#mightSendMs += elapsedMs;
    if (this.#mightSendMs < PACE_WINDOW_MS) return false;
    const isTooSlow = this.#bytes < this.#bytesPerWindowMin;
    this.#mightSendMs = 0;
    this.#bytes = 0;
    return isTooSlow;
  }
}
