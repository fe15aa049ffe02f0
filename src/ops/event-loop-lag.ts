// How late the event loop is: a timer that should have run by now tells. What blocks the loop
// (a long turn, a big snapshot, garbage collection) shows here before clients complain.

import type { Buckets } from "./buckets.ts";

const INTERVAL_MS = 20;

/** Observes until the returned function is called. Does not keep the process alive. */
export function watchEventLoopLag(
  lagSeconds: Buckets,
  nowMs = () => performance.now(),
): () => void {
  let dueMs = nowMs() + INTERVAL_MS;
  const timer = setInterval(() => {
    const actualMs = nowMs();
    lagSeconds.observe((actualMs - dueMs) / 1_000);
    // From when it ran, not from when it was due: one stall is one observation, not fifty.
    dueMs = actualMs + INTERVAL_MS;
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
