import { describe, expect, it } from "vitest";
import { APPLICATIONS_OPEN_MAX, type AccountState } from "../../actors/account/account.ts";
import { restoreAccount, snapshotAccount } from "../../actors/account/snapshot.ts";
import { accountId } from "../../actors/address.ts";
import { given, request, type Typed } from "../support/given.ts";

const OPENED: Typed = { type: "AccountOpened", ...request(1), by: "ops" };
const ASKED = {
  amountCents: 1_000_00,
  purpose: "a kiln",
  method: "bullet",
  term: 12,
  rateBps: 900,
};
const { requestId } = request(2);

function create(loanId = "l", number = 2): Typed {
  return { type: "CreateApplication", ...request(number), loanId, ...ASKED };
}

function asked(loanId = "l", number = 2): Typed {
  return { ...create(loanId, number), type: "ApplicationAsked" };
}

const CONFIRMED: Typed = { type: "ApplicationConfirmed", requestId, loanId: "l" };
const many = Array.from({ length: APPLICATIONS_OPEN_MAX }, (_, at) => asked(`l${at}`, 10 + at));

describe("Account: CreateApplication", () => {
  it("asks the loan, and remembers that it did", () => {
    const account = given("account", "bob", OPENED);
    const state = account.when(create()).then(asked());
    expect(state).toMatchObject({ applications: ["l"] });
    expect(state.outcomes.get(requestId as never)?.outcome).toBeUndefined();
    account.when({ type: "ConfirmApplication", loanId: "l", requestId }).then(CONFIRMED);
    const outcome = { type: "ApplicationChanged", status: "draft" };
    expect(state.outcomes.get(requestId as never)?.outcome).toEqual(outcome);
  });

  it.each([
    ["account_not_found", [], create()],
    ["loan_exists", [OPENED, ...many], create("l3", 3)],
    ["too_many_applications", [OPENED, ...many], { ...create(), amountCents: 1 }],
    ["amount_out_of_range", [OPENED], { ...create(), amountCents: 99_99, rateBps: 100_001 }],
    ["rate_out_of_range", [OPENED], { ...create(), rateBps: 100_001, term: 1 }],
    ["terms_out_of_range", [OPENED], { ...create(), term: 37 }],
  ] as const)("refuses with %s, in the order of the ladder", (refusal, events, command) => {
    given("account", "bob", ...events)
      .when(command)
      .thenRefused(refusal);
  });

  it("counts an application until it is declined or closed", () => {
    const account = given("account", "bob", OPENED, ...many.slice(1));
    account.when(create()).then(asked());
    account.when(create("m", 3)).thenRefused("too_many_applications");
    const decline = { loanId: "l", requestId, refusal: "loan_exists" };
    account
      .when({ type: "DeclineApplication", ...decline })
      .then({ type: "ApplicationRefused", ...decline });
    account.when(create("m", 3)).then(asked("m", 3));
    account
      .when({ type: "CloseApplication", loanId: "l5" })
      .then({ type: "ApplicationClosed", loanId: "l5" });
    account.when(create("n", 4)).then(asked("n", 4));
    account.when(create("o", 5)).thenRefused("too_many_applications");
  });

  it("does not close what is not open", () => {
    const closed = { type: "ApplicationClosed", loanId: "l" };
    expect(() => given("account", "bob", OPENED, closed)).toThrow(/open/);
  });
});

describe("Account: snapshot with applications", () => {
  const { state } = given("account", "bob", OPENED, asked(), CONFIRMED, asked("m", 3));
  const { main } = snapshotAccount(state as unknown as AccountState, "all");

  it("has them, and the request that still waits", () => {
    const restored = restoreAccount(accountId("bob"), main, []);
    expect(restored.applications).toEqual(["l", "m"]);
    expect(restored.outcomes.hasOpen).toBe(true);
    expect(snapshotAccount(restored, "all").main).toEqual(main);
  });

  it("is what it always was while there is none", () => {
    const without = given("account", "bob", OPENED).state as unknown as AccountState;
    expect(snapshotAccount(without, "all").main.length).toBe(13);
  });

  it("of format 1 has none", () => {
    const [, ...values] = main.slice(0, 10);
    expect(restoreAccount(accountId("bob"), [1, ...values], []).applications).toEqual([]);
  });
});
