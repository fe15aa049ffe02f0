// Ctrl-C and SIGTERM: the first one ends the load and what was measured is still reported and
// audited; the second ends everything at once.

import { EXIT_OF_SIGNAL } from "../../src/command/exit-codes.ts";

/** Stopped before anything was measured. */
export class Interrupted extends Error {}

export class StopSignal {
  /** What the program ends with when it was stopped; null while it was not. */
  exitCode: number | null = null;
  #onStop: () => void = () => undefined;

  listen(): void {
    for (const [signal, code] of Object.entries(EXIT_OF_SIGNAL)) {
      process.on(signal, () => {
        if (this.exitCode !== null) process.exit(code);
        this.exitCode = code;
        this.#onStop();
      });
    }
  }

  get isStopped(): boolean {
    return this.exitCode !== null;
  }

  /** Replaces what was to be done before. */
  set onStop(act: () => void) {
    this.#onStop = act;
    if (this.isStopped) act();
  }

  /** Between two steps of a set-up: there is nothing to report yet. */
  throwIfStopped(): void {
    if (this.isStopped) throw new Interrupted("stopped before anything was measured");
  }
}
