// One resident actor: its state, its inbox, and where it stands towards journal and snapshots. The
// shell runs it, and nothing outside this room ever holds one.

import type { Ref } from "nact";
import type { AccountState } from "../../actors/account/account.ts";
import type { LoanState } from "../../actors/loan/loan.ts";
import { OutcomeWindow } from "../../actors/outcome-window.ts";
import type { Typed } from "../journal/records.ts";
import { assert } from "../money/assert.ts";
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
  /** The one behind it in the inbox; null when it is in none, or the last. */
  next: Item | null;
}

/** What is gone has left memory: whoever still knows it asks for it again by its name. */
export type CellPhase = "loading" | "ready" | "quarantined" | "gone";

/** Of all that left: whoever looks at it is wrong, and finds nothing that it could be. */
const GONE: ShellState = { status: "gone", outcomes: new OutcomeWindow() };

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
  /**
   * What waits in the inbox: a chain of items, since an array for a turn or two is more garbage.
   */
  #first: Item | null = null;
  #last: Item | null = null;
  queued = 0;
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

  /** Puts an item behind all others of the inbox. */
  put(item: Item): void {
    if (this.#last === null) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.queued++;
  }

  /** Takes the first item out of the inbox; null when it is empty. */
  take(): Item | null {
    const item = this.#first;
    if (item === null) return null;
    this.#first = item.next;
    if (item.next === null) this.#last = null;
    // An old item must not hold a younger one in memory.
    item.next = null;
    this.queued--;
    return item;
  }

  /** Its state goes even if somebody still knows the cell. */
  leave(): void {
    this.phase = "gone";
    this.state = GONE;
  }

  /** Nothing would be lost if it were not resident, and nobody waits for it or looks at it. */
  mayLeave(committedRecordNo: number): boolean {
    if (this.phase !== "ready" || this.awake || this.queued > 0 || this.watched) return false;
    const durable = this.changedAt <= committedRecordNo && this.changedAt <= this.snapshotAt;
    return durable && !this.state.outcomes.hasOpen;
  }
}

/** The state of an account: to ask for it of a loan is a bug. */
export function accountOf(cell: Cell): AccountState {
  assert(cell.kind.name === "account", "an account's state is asked for");
  return cell.state as unknown as AccountState;
}

/** The state of a loan: to ask for it of an account is a bug. */
export function loanOf(cell: Cell): LoanState {
  assert(cell.kind.name === "loan", "a loan's state is asked for");
  return cell.state as unknown as LoanState;
}

/** The field of an actor's snapshot, and its name in logs: `account/alice`. */
export function cellKey(kind: string, id: string): string {
  return `${kind}/${id}`;
}
