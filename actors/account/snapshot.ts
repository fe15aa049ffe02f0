// An account's state as plain values and back. The first value is the format: a changed format
// gets a new number, and old ones are read for ever. The window of outcomes tells its own form.

import { assert } from "../../src/money/assert.ts";
import { cents } from "../../src/money/cents.ts";
import type { AccountId, LoanId, RequestId } from "../address.ts";
import type { StateSnapshot } from "../decider.ts";
import { Numbered } from "../numbered.ts";
import { OutcomeWindow, type OutcomeEntry } from "../outcome-window.ts";
import { Rows, type RowSegment } from "../rows.ts";
import { HOLD, HOLD_STATUS, type AccountState, type OpenAccount } from "./account.ts";
import { Custody, isCustodyPart } from "./custody/custody.ts";
import { EntryLog } from "./entry-log.ts";
import { HeldLoans } from "./held-loans.ts";
import { Positions } from "./positions.ts";

/** Format 1 had no positions and no repayments. */
const FORMAT = 2;
/** Behind all others, when there is any: that of the custodian bank, and open applications. */
const CUSTODY = 13;
const APPLICATIONS = 14;

export function snapshotAccount(account: AccountState, parts: "changed" | "all"): StateSnapshot {
  assert(account.status === "open", "only accounts that are open are kept");
  const { holds, custody, applications } = account;
  const main: unknown[] = [
    FORMAT,
    account.outcomes.toSnapshot(),
    account.availableCents,
    account.heldCents,
    account.holds.header(),
    account.holds.tail(),
    account.holdsOpen,
    waiting(account.asking),
    account.loans.toSnapshot(),
    account.entries.toSnapshot(),
    account.positions.toSnapshot(),
    account.payments,
    waiting(account.paying),
  ];
  if (custody !== null || applications.length > 0) main.push(custody?.toSnapshot() ?? null);
  if (applications.length > 0) main.push(applications);
  const segments = parts === "all" ? holds.fullSegments() : holds.takeDirty();
  if (custody !== null) segments.push(...custody.parts(parts));
  return { main, parts: segments };
}

export function accountPartsOf(main: readonly unknown[]): number[] {
  const holds = Rows.segmentsOf(main[4] as number[]);
  const custody = (main[CUSTODY] ?? null) as unknown[] | null;
  return custody === null ? holds : [...holds, ...Custody.partsOf(custody)];
}

export function restoreAccount(
  self: AccountId,
  main: readonly unknown[],
  parts: Iterable<RowSegment>,
): OpenAccount {
  assert(main[0] === FORMAT || main[0] === 1, "a snapshot of a known format");
  const outcomes = OutcomeWindow.fromSnapshot(main[1] as unknown[]);
  const all = [...parts];
  const custody = (main[CUSTODY] ?? null) as unknown[] | null;
  const ofHolds = all.filter((part) => !isCustodyPart(part));
  const holds = Rows.restore(4, main[4] as number[], main[5] as number[], ofHolds);
  return {
    status: "open",
    accountId: self,
    outcomes,
    availableCents: cents(main[2] as number),
    heldCents: cents(main[3] as number),
    holds,
    holdsOpen: main[6] as number,
    asking: restoreWaiting(main[7] as unknown[], outcomes),
    loans: HeldLoans.restore(main[8] as unknown[], openPlaces(holds)),
    entries: EntryLog.restore(main[9] as unknown[]),
    applications: [...((main[APPLICATIONS] as LoanId[] | undefined) ?? [])],
    positions: main[10] === undefined ? new Positions() : Positions.restore(main[10] as unknown[]),
    payments: (main[11] as number | undefined) ?? 0,
    paying: restoreWaiting((main[12] as unknown[] | undefined) ?? [], outcomes),
    custody: custody === null ? null : Custody.restore(custody, all.filter(isCustodyPart)),
  };
}

/** Of each hold that is open, where its loan is. */
function* openPlaces(holds: Rows): Generator<number> {
  for (const holdNo of holds.kept()) {
    const isOpen = holds.get(holdNo, HOLD.status) !== HOLD_STATUS.closed;
    if (isOpen) yield holds.get(holdNo, HOLD.loan);
  }
}

/** Requests that wait for another actor: number and request id, two items each. */
function waiting(requests: Numbered<OutcomeEntry>): unknown[] {
  return [...requests.entries()].flatMap(([number, { requestId }]) => [number, requestId]);
}

function restoreWaiting(
  values: readonly unknown[],
  outcomes: OutcomeWindow,
): Numbered<OutcomeEntry> {
  const requests = new Numbered<OutcomeEntry>();
  for (let at = 0; at < values.length; at += 2) {
    const opened = outcomes.get(values[at + 1] as RequestId);
    assert(opened?.outcome === undefined && opened !== undefined, "what waits is remembered");
    requests.add(values[at] as number, opened);
  }
  return requests;
}
