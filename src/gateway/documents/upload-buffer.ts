// Bytes of all uploads together that were received and are not yet written, and whose turn it is to
// read more. uWebSockets.js reads on for up to ten times 512 KiB before a pause is heeded
// (measured), so whoever reads has room for such a burst set aside. Who brings none makes
// way after a while for those who wait, and comes again: slow clients keep nobody
// waiting, and none of them starves.

import type { DocumentCounters } from "./counters.ts";

/** The most that one body brings in after it is let go: what makes it stop, and then ten reads. */
export const BURST_BYTES_MAX = 5_767_168;
/** What of the room is for bytes that come with a request, before anybody can stop them. */
const BEGINNINGS_SHARE = 0.25;
/** So long may one read while others wait. */
const TURN_MS = 50;

export interface Reader {
  /** It may read until it ends the turn, once, after its burst; or until it is told to stop. */
  start(turn: Turn): void;
  /** Others wait: to stop, and to end the turn when what was read before has come. */
  stop(): void;
}

/** Room for a burst. */
export interface Turn {
  end(): void;
}

export class UploadBuffer {
  readonly #counters: DocumentCounters;
  readonly #bytesMax: number;
  readonly #waiting: Reader[] = [];
  #turns = 0;

  constructor(counters: DocumentCounters, bytesMax: number) {
    this.#counters = counters;
    this.#bytesMax = bytesMax;
  }

  /** False when there is no room: nothing was taken. */
  take(bytes: number): boolean {
    if (this.#counters.bufferedBytes + bytes > this.#bytesMax) return false;
    this.#counters.bufferedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#counters.bufferedBytes -= bytes;
    this.#grant();
  }

  /** Starts the reader, in the order of asking, when there is room for a burst. */
  ask(reader: Reader): void {
    this.#waiting.push(reader);
    this.#grant();
  }

  #grant(): void {
    while (this.#waiting.length > 0 && this.#hasRoom()) this.#begin(this.#waiting.shift()!);
  }

  #hasRoom(): boolean {
    const { bufferedBytes } = this.#counters;
    const bursts = (this.#turns + 1) * BURST_BYTES_MAX;
    return bufferedBytes + bursts <= this.#bytesMax * (1 - BEGINNINGS_SHARE);
  }

  #begin(reader: Reader): void {
    this.#turns++;
    let isOver = false;
    const timer = setInterval(() => {
      if (this.#waiting.length === 0) return;
      clearInterval(timer);
      reader.stop();
    }, TURN_MS);
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      clearInterval(timer);
      this.#turns--;
      this.#grant();
    };
    reader.start({ end });
  }
}
