// One resident actor: its state, its inbox, and where it stands towards journal and snapshots. A
// cell is plain data; the shell runs it, and nothing outside this room ever holds one.

import type { Ref } from "nact";
import type { Typed } from "../journal/records.ts";
import type { ActorKind, ShellState } from "./kind.ts";
import type { Request } from "./port.ts";

/** One thing to carry out, in the order of arrival. */
export interface Item {
  readonly command: Typed;
  /** When it was taken in, wall clock in ms: the router's stamp. */
  readonly at: number;
  /** The request that brought it; null for messages and alarms. */
  readonly request: Request | null;
  /** The number of the message that brought it; 0 for requests and alarms. */
  readonly messageNo: number;
}

export type CellPhase = "loading" | "ready" | "quarantined";

export class Cell {
  readonly kind: ActorKind;
  readonly id: string;
  phase: CellPhase = "loading";
  state: ShellState;
  /** How many records have changed the state: 1, 2, 3 ... in the journal. */
  version = 0;
  /** The last record that changed the state. */
  changedAt = 0;
  /** The record up to which a durable snapshot has the state. */
  snapshotAt = 0;
  /** The record whose state was encoded last, written or about to be. */
  encodedAt = 0;
  /** The number of the checkpoint that will have its changes. */
  dirtyFor = 0;
  inbox: Item[] = [];
  awake = false;
  /** Whether somebody wants to be told of changes. */
  watched = false;
  lastUsedMs = 0;
  ref: Ref<null> | null = null;

  constructor(kind: ActorKind, id: string) {
    this.kind = kind;
    this.id = id;
    this.state = kind.absent();
  }

  get isAbsent(): boolean {
    return this.version === 0;
  }

  /** Nothing would be lost if it were not resident, and nobody waits for it or looks at it. */
  mayLeave(committedRecordNo: number): boolean {
    if (this.phase !== "ready" || this.awake || this.inbox.length > 0 || this.watched) return false;
    const durable = this.changedAt <= committedRecordNo && this.changedAt <= this.snapshotAt;
    return durable && !this.state.outcomes.hasOpen;
  }
}

/** The field of an actor's snapshot, and its name in logs: `account/alice`. */
export function cellKey(kind: string, id: string): string {
  return `${kind}/${id}`;
}
