// One timer for all clients of the process: deadlines, retries and reconnects of a thousand clients
// must not be a timer for each request.

const SWEEP_INTERVAL_MS = 20;

export interface Swept {
  /** `nowMs` is monotonic: it starts anywhere and never goes back. */
  sweep(nowMs: number): void;
}

const swept = new Set<Swept>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Keeps the process alive, as an open connection would, until `stopSweeping`. */
export function startSweeping(target: Swept): void {
  swept.add(target);
  timer ??= setInterval(() => {
    const nowMs = performance.now();
    for (const each of swept) each.sweep(nowMs);
  }, SWEEP_INTERVAL_MS);
}

export function stopSweeping(target: Swept): void {
  swept.delete(target);
  if (swept.size > 0 || timer === undefined) return;
  clearInterval(timer);
  timer = undefined;
}
