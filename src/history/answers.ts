// Whether what an actor did with a message is true: what a bid should get, why a payment may be
// declined, how much the calendar should collect. Reckoned anew by the models.

import type { LoanMessage } from "../../actors/loan/loan.ts";
import type { AnyEvent } from "./causes.ts";
import { expectedFill } from "./loan-model.ts";
import type { AnyMessage } from "./message-book.ts";
import { divide, hasMissedDays } from "./repayment-model.ts";
import type { World } from "./world.ts";

/** To be called before the events change anything. */
export function checkAnswer(
  world: World,
  actorId: string,
  message: AnyMessage,
  events: readonly AnyEvent[],
  { shardDay, at }: { readonly shardDay: number; readonly at: number },
): void {
  if (message.type === "FillBid") checkFill(world, actorId, message, events, at);
  if (message.type === "Repay") checkDeclined(world, shardDay, actorId, message, events);
  if (message.type === "CollectDue") checkCollected(world, actorId, message, events);
}

/** A payment that is declined is so for a reason that is true. */
function checkDeclined(
  world: World,
  shardDay: number,
  loanId: string,
  repay: Extract<LoanMessage, { type: "Repay" }>,
  events: readonly AnyEvent[],
): void {
  const name = `${loanId}: payment ${repay.paymentNo} of ${repay.accountId}`;
  const declined = events.find(({ type }) => type === "RepaymentDeclined");
  if (declined?.type !== "RepaymentDeclined") {
    const keepsMoney = events[0]?.type === "NothingCollected" && repay.amountCents > 0;
    world.findings.expect(!keepsMoney, "division_wrong", () => `${name} is nobody's`);
    return;
  }
  const loan = world.loans.get(loanId);
  const division = divide(loan, repay, shardDay);
  const reasons = "reasons" in division ? [...division.reasons] : [];
  // Older journals have payments that were taken as early then.
  const isEarly = repay.mode !== "due" && repay.mode !== "collected";
  const repayment = loan?.repayment ?? null;
  if (isEarly && repayment !== null && hasMissedDays(repayment, shardDay)) {
    reasons.push("instalment_is_due");
  }
  world.findings.expect(
    reasons.includes(declined.refusal),
    "refusal_untrue",
    () => `${name} was declined for ${declined.refusal}; true: ${reasons.join() || "nothing"}`,
  );
}

/** The calendar takes all that is owed, or all that there is. */
function checkCollected(
  world: World,
  accountId: string,
  { owedCents }: Extract<AnyMessage, { type: "CollectDue" }>,
  events: readonly AnyEvent[],
): void {
  const [collected] = events;
  if (collected?.type !== "DueCollected") return;
  const dueCents = Math.min(owedCents, world.accounts.get(accountId)?.availableCents ?? 0);
  world.findings.expect(
    collected.amountCents === dueCents,
    "message_misread",
    () => `${accountId}: ${collected.amountCents} collected, ${dueCents} were to be`,
  );
}

function checkFill(
  world: World,
  loanId: string,
  bid: Extract<LoanMessage, { type: "FillBid" }>,
  events: readonly AnyEvent[],
  at: number,
): void {
  const answer = events[0];
  const name = `${loanId}: bid of ${bid.accountId}, hold ${bid.holdNo}`;
  const { filledCents, reasons } = expectedFill(world.loans.get(loanId), bid, at);
  if (answer?.type === "BidPlaced") {
    world.findings.expect(
      reasons.length === 0 && answer.filledCents === filledCents,
      "fill_wrong",
      () => `${name} got ${answer.filledCents}, due ${filledCents} ${reasons.join(", ")}`,
    );
  } else if (answer?.type === "BidDeclined") {
    world.findings.expect(
      reasons.includes(answer.refusal),
      "refusal_untrue",
      () => `${name} was refused for ${answer.refusal}; true: ${reasons.join(", ") || "nothing"}`,
    );
  }
}
