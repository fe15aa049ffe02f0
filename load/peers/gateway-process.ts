// A peer's gateway as a process of its own, as a server is. Its parent tells it by IPC what to
// open, and it ends with its parent.

import { DirectLanes, type DirectJob, type DirectResult } from "./direct-lanes.ts";
import { PeerGateway } from "./gateway.ts";
import { openStore } from "./open-store.ts";
import type { PeerStore, StoreSettings } from "./store.ts";

export type ToGateway =
  | { readonly type: "open"; readonly settings: StoreSettings }
  | { readonly type: "direct"; readonly job: DirectJob };

export type FromGateway =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "direct"; readonly result: DirectResult }
  | { readonly type: "failed"; readonly reason: string };

let store: PeerStore | undefined;
let direct: DirectLanes | undefined;

async function open(settings: StoreSettings): Promise<void> {
  const gateway = new PeerGateway(settings.kind === "redisAppend", settings.lendersOfLoan);
  store = await openStore(settings, {
    answer: (request) => {
      if (typeof request.from === "number") direct?.answered(request);
      else gateway.answer(request);
    },
    fail,
  });
  tell({ type: "listening", port: await gateway.listen(store) });
}

async function runDirect(job: DirectJob): Promise<void> {
  direct = new DirectLanes(job, store!);
  tell({ type: "direct", result: await direct.run() });
}

function tell(message: FromGateway): void {
  process.send?.(message);
}

function fail(error: unknown): void {
  tell({ type: "failed", reason: error instanceof Error ? error.message : String(error) });
}

process.on("message", (message: ToGateway) => {
  (message.type === "open" ? open(message.settings) : runDirect(message.job)).catch(fail);
});
process.once("disconnect", () => process.exit(0));
