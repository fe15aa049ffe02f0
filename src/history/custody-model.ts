// What an account has at the custodian bank, as the auditor sees it: every withdrawal and every
// deposit reference ever, in plain Maps. It never uses the actor's own memory of them.

import type { CustodyEvent } from "../../actors/account/custody/events.ts";
import type { AccountEvent } from "../../actors/account/events.ts";
import type { Posting } from "./books.ts";
import type { Findings } from "./report.ts";

interface WithdrawalModel {
  readonly amountCents: number;
  status: "held" | "paid" | "failed";
}

export class CustodyModel {
  readonly withdrawals = new Map<number, WithdrawalModel>();
  readonly deposits = new Map<string, number>();
  depositedCents = 0;
  paidCents = 0;
  /** Sum of the withdrawals that have not ended. */
  openCents = 0;
}

/** What of an account a movement at the custodian changes. */
interface Balance {
  readonly id: string;
  availableCents: number;
  heldCents: number;
  readonly custody: CustodyModel;
}

export function isCustodyEvent(event: AccountEvent): event is CustodyEvent {
  return event.type === "DepositBooked" || "withdrawalNo" in event;
}

export function applyCustody(account: Balance, event: CustodyEvent, findings: Findings): void {
  const { id, custody } = account;
  const { amountCents } = event;
  findings.expect(amountCents > 0, "event_impossible", () => `${id}: ${event.type} of nothing`);
  switch (event.type) {
    case "DepositBooked": {
      bookReference(account, event, findings);
      custody.depositedCents += amountCents;
      account.availableCents += amountCents;
      return;
    }
    case "WithdrawalHeld": {
      const next = custody.withdrawals.size + 1;
      findings.expect(
        event.withdrawalNo === next && event.beneficiary !== "",
        "event_impossible",
        () => `${id}: withdrawal ${event.withdrawalNo} where ${next} comes next`,
      );
      custody.withdrawals.set(event.withdrawalNo, { amountCents, status: "held" });
      custody.openCents += amountCents;
      account.availableCents -= amountCents;
      account.heldCents += amountCents;
      return;
    }
    case "WithdrawalConfirmed":
    case "WithdrawalFailed":
      endWithdrawal(account, event, findings);
  }
}

/** Told by the bank or by an operator, a deposit is booked once for each reference. */
export function bookReference(
  { id, custody }: Pick<Balance, "id" | "custody">,
  { reference, amountCents }: { readonly reference: string; readonly amountCents: number },
  findings: Findings,
): void {
  const before = custody.deposits.get(reference);
  findings.expect(
    before === undefined,
    "deposit_twice",
    () => `${id}: deposit ${reference} of ${amountCents} was booked before, of ${before}`,
  );
  custody.deposits.set(reference, amountCents);
}

function endWithdrawal(
  account: Balance,
  event: Extract<CustodyEvent, { type: "WithdrawalConfirmed" | "WithdrawalFailed" }>,
  findings: Findings,
): void {
  const { custody } = account;
  const { withdrawalNo, amountCents } = event;
  const name = `${account.id}: ${event.type} of withdrawal ${withdrawalNo}`;
  const known = custody.withdrawals.get(withdrawalNo);
  if (known === undefined) {
    findings.add("withdrawal_wrong", `${name}, which was never held`);
    return;
  }
  const isFirst = known.status === "held";
  findings.expect(isFirst, "withdrawal_wrong", () => `${name}, which is ${known.status}`);
  findings.expect(
    known.amountCents === amountCents,
    "withdrawal_wrong",
    () => `${name}: ${amountCents}, held ${known.amountCents}`,
  );
  known.status = event.type === "WithdrawalConfirmed" ? "paid" : "failed";
  if (isFirst) custody.openCents -= known.amountCents;
  account.heldCents -= amountCents;
  if (event.type === "WithdrawalConfirmed") custody.paidCents += amountCents;
  else account.availableCents += amountCents;
}

/** In from the custodian, reserved, out to it, or back. */
export function expectedOfCustody(event: CustodyEvent, self: string): Posting[] {
  const available = `client.available:${self}`;
  const held = `client.held:${self}`;
  const move = (debit: string, credit: string): Posting[] => [
    { account: debit, amountCents: event.amountCents },
    { account: credit, amountCents: -event.amountCents },
  ];
  switch (event.type) {
    case "DepositBooked":
      return move("asset.custody:", available);
    case "WithdrawalHeld":
      return move(available, held);
    case "WithdrawalConfirmed":
      return move(held, "asset.custody:");
    case "WithdrawalFailed":
      return move(held, available);
  }
}
