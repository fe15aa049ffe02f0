// What every peer offers to the comparison, ours among them: to be started with a world, to be
// reached by the same clients, to open its books at the end, and to be stopped.

import type { Target } from "../bench/phases.ts";
import type { PeerBooks } from "./books.ts";
import type { DirectJob, DirectResult } from "./direct-lanes.ts";
import type { PeerWorld } from "./store.ts";

export type Contest = "bids" | "repayments";

export interface Peer {
  /** In JSON and on the command line. */
  readonly key: string;
  readonly name: string;
  /** What stands between a request and its answer, for readers who know the peer. */
  readonly how: string;
  readonly durability: string;
  readonly atomicity: string;
  /** A floor does no job: there are no books, and nothing is compared with it but itself. */
  readonly isFloor: boolean;
  readonly contests: readonly Contest[];
  /** Why it cannot run on this machine, or null. Installs what it needs where it may, saying so. */
  missing(mayInstall: boolean, say: (text: string) => void): Promise<string | null>;
  start(setting: PeerSetting): Promise<RunningPeer>;
}

export interface PeerSetting {
  /** New, and for this run of the peer only; others than we may enter it. */
  readonly folder: string;
  readonly world: PeerWorld;
  readonly jwtSecret: string;
}

export interface RunningPeer {
  readonly target: Target;
  /** A closed loop in the gateway's process; null where there is no gateway to leave out. */
  readonly direct: ((job: DirectJob) => Promise<DirectResult>) | null;
  /** Null: a floor, which only counts what it took. */
  readonly books: (() => Promise<PeerBooks>) | null;
  /** Messages that a floor has stored; null for all others and for the echo. */
  readonly stored: (() => Promise<number>) | null;
  /** What broke in it meanwhile: of more use than the broken connection that clients see. */
  failure(): Error | undefined;
  stop(): Promise<void>;
}
