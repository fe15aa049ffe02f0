// A request that two actors have taken up, which no honest journal has: the rest of these checks is
// shown to fail on a real journal, in test/load/audit.

import { describe, expect, test } from "vitest";
import type { AccountEvent } from "../../actors/account/events.ts";
import type { LoanId, RequestId } from "../../actors/address.ts";
import { compareClientActions, type ClientAction } from "../../src/history/client-actions.ts";
import { World } from "../../src/history/world.ts";

const ID = "\x01\x93\x8c\x3a\x7c\x00\x7a\x3f\x8b\x2d\x5f\x6e\x7d\x8c\x9b\x0a" as RequestId;

const SENT: AccountEvent = {
  type: "RepaymentSent",
  requestId: ID,
  fingerprint: 1,
  paymentNo: 1,
  loanId: "spring" as LoanId,
  amountCents: 500,
  mode: "due",
};
const ACTION: ClientAction = {
  kind: "repay",
  requestId: ID,
  accountId: "bob",
  loanId: "spring",
  amountCents: 500,
};

function compared(...actors: readonly string[]) {
  const world = new World(() => 0, {
    accountPostings: () => undefined,
    loanPostings: () => undefined,
  });
  for (const actor of actors) world.requests.note(actor, SENT, undefined, world.findings);
  const totals = compareClientActions(world, [ACTION]);
  return { totals, checks: world.findings.kept.map(({ check }) => check) };
}

describe("Client actions", () => {
  test("that one account has taken up, and nobody was told of, are as they should be", () => {
    expect(compared("account:bob")).toEqual({
      totals: { requests: 1, done: 0, lost: 0, doubled: 0 },
      checks: [],
    });
  });

  test("that two have taken up are doubled", () => {
    const { totals, checks } = compared("account:bob", "account:ann");
    expect(totals.doubled).toBe(1);
    expect(checks).toContain("client_doubled");
  });

  test("that another account has taken up are not the client's", () => {
    expect(compared("account:ann").checks).toContain("client_differs");
  });
});
