// Waits for the end of a run, and then ends what it has left behind. It needs no farewell: when the
// run is gone, so is the channel to it, whatever became of the run.

import { endAll, type Leftover, type ToGuardian } from "./left-behind.ts";

const guarded = new Map<number, Leftover>();

process.on("message", (message: ToGuardian) => {
  if (message.type === "guard") guarded.set(message.key, message.leftover);
  else guarded.delete(message.key);
});
process.once("disconnect", () => {
  endAll(guarded.values());
  process.exit(0);
});
// It outlives a Ctrl-C at the terminal, for it has work to do then.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
