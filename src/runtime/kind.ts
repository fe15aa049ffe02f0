// The one shape in which the shell knows every kind of actor. What a kind is, is written in
// actors/; here it is only gathered.

import { decideAccount } from "../../actors/account/decide.ts";
import { evolveAccount } from "../../actors/account/evolve.ts";
import {
  accountMessages,
  accountPostings,
  type AccountEvent,
} from "../../actors/account/events.ts";
import {
  absentAccount,
  type AccountCommand,
  type AccountState,
} from "../../actors/account/account.ts";
import { accountPartsOf, restoreAccount, snapshotAccount } from "../../actors/account/snapshot.ts";
import {
  ACTOR_KINDS,
  type AccountId,
  type ActorKindName,
  type Address,
  type LoanId,
} from "../../actors/address.ts";
import type {
  ActorState,
  AlarmChange,
  Decision,
  PostingSink,
  StateSnapshot,
  Transit,
} from "../../actors/decider.ts";
import type { OutcomeEntry, OutcomeWindow } from "../../actors/outcome-window.ts";
import type { Refusal } from "../../actors/refusals.ts";
import type { RowSegment } from "../../actors/rows.ts";
import { applicationOf } from "../../actors/loan/application/application.ts";
import type { StaffStage } from "../../actors/loan/application/events.ts";
import { isBorrowerRequest } from "../../actors/loan/application/commands.ts";
import { isHiddenFrom } from "../../actors/loan/application/decide.ts";
import { decideLoan } from "../../actors/loan/decide.ts";
import {
  isLoanAnswer,
  loanAlarm,
  loanDayWanted,
  loanMessages,
  loanPostings,
  loanStaffStage,
  type LoanEvent,
} from "../../actors/loan/events.ts";
import { evolveLoan } from "../../actors/loan/evolve.ts";
import { absentLoan, type LoanCommand, type LoanState } from "../../actors/loan/loan.ts";
import { overdueSince } from "../../actors/loan/repayment/repayment.ts";
import { loanPartsOf, restoreLoan, snapshotLoan } from "../../actors/loan/snapshot.ts";
import { assert } from "../money/assert.ts";
import type { Typed } from "../journal/records.ts";

/** What the shell sees of a state: whether there is anything, and what requests came to. */
export type ShellState = ActorState & { readonly status: string };

export interface ActorKind {
  readonly number: number;
  readonly name: ActorKindName;
  absent(): ShellState;
  /** `day` is the business date, in days since 1970. */
  decide(state: ShellState, command: Typed, at: number, day: number): Decision<Typed>;
  evolve(state: ShellState, event: Typed, id: string, at: number): ShellState;
  /**
   * What a stranger is told, before anything is looked up or remembered: for them nothing is there.
   * Null for everybody who may ask.
   */
  hides(state: ShellState, command: Typed): Refusal | null;
  /** Where the outcome of this request is remembered. */
  outcomesFor(state: ShellState, command: Typed): OutcomeWindow;
  /** The event that remembers a refusal there. */
  refusalEvent(command: Typed): string;
  /** What was settled since the last call, in all that remembers outcomes. */
  takeSettled(state: ShellState): readonly OutcomeEntry[];
  /** Whether the event leaves the state as it was. */
  isAnswer(event: Typed): boolean;
  messages(event: Typed, id: string, send: (to: Address, command: Typed) => void): void;
  /** `transit` names the in-transit account between the actor's shard and another actor's. */
  postings(event: Typed, id: string, transit: Transit, post: PostingSink): void;
  alarm(event: Typed): AlarmChange;
  /** The day on which the actor wants to be asked next; undefined: as before. */
  dayWanted(event: Typed): AlarmChange;
  /**
   * Where an application waits for the staff from now on; null for nowhere, undefined: as before.
   */
  staffStage(event: Typed): StaffStage | null | undefined;
  /** When the oldest of what it owes fell due; null when it owes nothing. */
  overdueSince(state: ShellState): number | null;
  snapshot(state: ShellState, parts: "changed" | "all"): StateSnapshot;
  partsOf(main: readonly unknown[]): number[];
  restore(id: string, main: readonly unknown[], parts: Iterable<RowSegment>): ShellState;
}

// Methods are compared bivariantly: each kind takes its own state and events, and the shell gives
// it nothing that did not come from it. This is the one place where types are widened so.

const account: ActorKind = {
  number: ACTOR_KINDS.account,
  name: "account",
  absent: absentAccount,
  decide: (state: ShellState, command: Typed) =>
    decideAccount(state as AccountState, command as AccountCommand),
  evolve: (state: ShellState, event: Typed, id: string, at: number) =>
    evolveAccount(state as AccountState, event as AccountEvent, id as AccountId, at),
  hides: () => null,
  outcomesFor: (state) => state.outcomes,
  refusalEvent: () => "RequestRefused",
  takeSettled: (state) => state.outcomes.takeSettled(),
  isAnswer: () => false,
  messages: (event: Typed, id: string, send) =>
    accountMessages(event as AccountEvent, id as AccountId, send),
  postings: (event, id, transit, post) =>
    accountPostings(event as AccountEvent, id as AccountId, transit, post),
  alarm: () => undefined,
  dayWanted: () => undefined,
  staffStage: () => undefined,
  overdueSince: () => null,
  snapshot: (state, parts) => snapshotAccount(state as AccountState, parts),
  partsOf: accountPartsOf,
  restore: (id, main, parts) => restoreAccount(id as AccountId, main, parts),
};

const loan: ActorKind = {
  number: ACTOR_KINDS.loan,
  name: "loan",
  absent: absentLoan,
  decide: (state, command, at, day) =>
    decideLoan(state as LoanState, command as LoanCommand, at, day),
  evolve: (state, event, id) => evolveLoan(state as LoanState, event as LoanEvent, id as LoanId),
  hides: (state, command) =>
    isBorrowerRequest(command) && isHiddenFrom(state as LoanState, command.by)
      ? "application_not_found"
      : null,
  outcomesFor: (state, command) => {
    if (!isBorrowerRequest(command)) return state.outcomes;
    const application = applicationOf(state as LoanState);
    assert(application !== null, "from strangers an application is hidden");
    return application.outcomes;
  },
  refusalEvent: (command) =>
    isBorrowerRequest(command) ? "BorrowerRequestRefused" : "RequestRefused",
  takeSettled: (state) => {
    const staffs = state.outcomes.takeSettled();
    const borrowers = applicationOf(state as LoanState)?.outcomes.takeSettled() ?? [];
    return borrowers.length === 0 ? staffs : [...staffs, ...borrowers];
  },
  isAnswer: (event) => isLoanAnswer(event as LoanEvent),
  messages: (event, id, send) => loanMessages(event as LoanEvent, id as LoanId, send),
  postings: (event, id, transit, post) =>
    loanPostings(event as LoanEvent, id as LoanId, transit, post),
  alarm: (event) => loanAlarm(event as LoanEvent),
  dayWanted: (event) => loanDayWanted(event as LoanEvent),
  staffStage: (event) => loanStaffStage(event as LoanEvent),
  overdueSince: (state) => overdueSince(state as LoanState),
  snapshot: (state, parts) => snapshotLoan(state as LoanState, parts),
  partsOf: loanPartsOf,
  restore: (id, main, parts) => restoreLoan(id as LoanId, main, parts),
};

export const KINDS: Readonly<Record<ActorKindName, ActorKind>> = { account, loan };

export function kindByNumber(number: number): ActorKind {
  if (number === ACTOR_KINDS.account) return account;
  if (number === ACTOR_KINDS.loan) return loan;
  throw new RangeError(`no kind of actor has the number ${number}`);
}
