// Sweeps the store at the start and then again and again, never twice at once.

import type { Label } from "./sealed-format.ts";
import type { DocumentStore, Standing, SweepReport } from "./store.ts";

export interface SweeperOptions {
  readonly store: DocumentStore;
  readonly standingOf: (label: Label) => Promise<Standing>;
  readonly everyMs: number;
  readonly onSwept: (report: SweepReport) => void;
  /** A sweep failed; the next one will try again. */
  readonly onFault: (fault: unknown) => void;
}

/** Returns a function that ends it. */
export function sweepAlways(options: SweeperOptions): () => void {
  const { store, standingOf, everyMs, onSwept, onFault } = options;
  let isSweeping = false;
  let isOver = false;
  const sweep = async (): Promise<void> => {
    if (isSweeping) return;
    isSweeping = true;
    try {
      // At the end nobody answers any more: what is left then, the next start decides.
      onSwept(await store.sweep((label) => (isOver ? UNKNOWN : standingOf(label))));
    } catch (fault) {
      onFault(fault);
    }
    isSweeping = false;
  };
  void sweep();
  const timer = setInterval(() => void sweep(), everyMs);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

const UNKNOWN = Promise.resolve<Standing>("unknown");
