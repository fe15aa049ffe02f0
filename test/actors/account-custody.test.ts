// An account and the custodian bank: money out, money in, and a bank that says
// everything twice, late and in any order.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BALANCE_CENTS_MAX, type OpenAccount } from "../../actors/account/account.ts";
import { REASONS_KEPT_MAX, WITHDRAWALS_OPEN_MAX } from "../../actors/account/custody/custody.ts";
import { accountPartsOf, restoreAccount, snapshotAccount } from "../../actors/account/snapshot.ts";
import { accountId, withdrawalNoOf, withdrawalReference } from "../../actors/address.ts";
import { given, request, type Typed } from "../support/given.ts";

const OPENED = { type: "AccountOpened", ...request(1) };
const DEPOSITED = { type: "Deposited", ...request(2), amountCents: 500_00, reference: "r" };

function withdraw(number: number, amountCents: number, beneficiary = "bank 1") {
  return { type: "Withdraw", ...request(100 + number), amountCents, beneficiary };
}

function held(withdrawalNo: number, amountCents: number) {
  const more = { withdrawalNo, amountCents, beneficiary: "bank 1" };
  return { type: "WithdrawalHeld", ...request(100 + withdrawalNo), ...more };
}

const confirmed = (withdrawalNo: number, amountCents: number) => {
  return { type: "WithdrawalConfirmed", withdrawalNo, amountCents, bookedAtMs: 5 };
};
const failed = (withdrawalNo: number, amountCents: number) => {
  return { type: "WithdrawalFailed", withdrawalNo, amountCents, reason: "account_closed" };
};
const booked = (reference: string, amountCents: number) => {
  return { type: "DepositBooked", reference, amountCents, bookedAtMs: 5 };
};

/** The command of the bank that leads to the event. */
function told(event: Typed): Typed {
  const type = { WithdrawalConfirmed: "ConfirmWithdrawal", WithdrawalFailed: "FailWithdrawal" };
  const name =
    event.type === "DepositBooked" ? "BookDeposit" : type[event.type as keyof typeof type];
  return { ...event, type: name, accountId: "a" };
}

function restored(state: OpenAccount): OpenAccount {
  const { main, parts } = snapshotAccount(state, "all");
  const wanted = accountPartsOf(main);
  const there = parts.filter(([partNo]) => wanted.includes(partNo));
  expect(there.map(([partNo]) => partNo).sort()).toEqual([...wanted].sort());
  return restoreAccount(accountId("a"), main, there);
}

describe("Account: withdrawals", () => {
  it("holds what is available and not a cent more", () => {
    const account = given("account", "a", OPENED, DEPOSITED);
    account.when(withdraw(1, 500_01)).thenRefused("exceeds_available");
    const state = account.when(withdraw(1, 500_00)).then(held(1, 500_00)) as OpenAccount;
    expect(state).toMatchObject({ availableCents: 0, heldCents: 500_00 });
    expect(state.custody?.withdrawal(1)).toMatchObject({ status: "held", settledAtMs: null });
  });

  it("refuses in this order: beneficiary, too many, available", () => {
    given("account", "a").when(withdraw(1, 1)).thenRefused("account_not_found");
    const open = Array.from({ length: WITHDRAWALS_OPEN_MAX }, (_, at) => held(at + 1, 1_00));
    const account = given("account", "a", OPENED, DEPOSITED, ...open);
    account.when(withdraw(99, 600_00, "")).thenRefused("beneficiary_missing");
    account.when(withdraw(99, 600_00, " ")).thenRefused("beneficiary_missing");
    account.when(withdraw(99, 600_00)).thenRefused("too_many_withdrawals");
    account.when(told(failed(7, 1_00))).then(failed(7, 1_00));
    account.when(withdraw(99, 600_00)).thenRefused("exceeds_available");
  });

  it("ends once, however often the bank says so, and never in two ways", () => {
    const account = given("account", "a", OPENED, DEPOSITED, held(1, 10_00), held(2, 20_00));
    account.when(told(confirmed(3, 10_00))).thenRefused("withdrawal_not_found");
    account.when(told(confirmed(1, 10_01))).thenRefused("withdrawal_differs");
    account.when(told(confirmed(1, 10_00))).then(confirmed(1, 10_00));
    account.when(told(confirmed(1, 10_00))).then();
    account.when(told(failed(1, 10_00))).thenRefused("withdrawal_ended_otherwise");
    const state = account.when(told(failed(2, 20_00))).then(failed(2, 20_00)) as OpenAccount;
    account.when(told(failed(2, 20_00))).then();
    account.when(told(confirmed(2, 20_00))).thenRefused("withdrawal_ended_otherwise");
    expect(state).toMatchObject({ availableCents: 490_00, heldCents: 0 });
    expect(state.custody?.withdrawal(2)).toMatchObject({
      status: "failed",
      reason: "account_closed",
    });
    const kinds = state.entries.after(0).map(({ kind, withdrawal }) => [kind, withdrawal]);
    expect(kinds).toEqual([
      ["deposit", null],
      ["withdrawal_held", 1],
      ["withdrawal_held", 2],
      ["withdrawal_paid", 1],
      ["withdrawal_failed", 2],
    ]);
  });

  it("has a name at the bank from which its number can be read back", () => {
    const id = accountId("a-1-w");
    expect(withdrawalReference(id, 12)).toBe("w-a-1-w-12");
    expect(withdrawalNoOf("w-a-1-w-12", id)).toBe(12);
    for (const other of ["w-a-1-w-012", "w-a-1-w-0", "w-a-1-w-", "w-a-1-12", "x-a-1-w-1", ""]) {
      expect(withdrawalNoOf(other, id)).toBeUndefined();
    }
    expect(withdrawalNoOf("w-a-1-w-2", accountId("a-1"))).toBeUndefined();
  });
});

describe("Account: deposits of the custodian", () => {
  it("are booked once for each reference, and refused with another amount", () => {
    const account = given("account", "a", OPENED);
    account.when(told(booked("d-1", 10_00))).then(booked("d-1", 10_00));
    account.when(told(booked("d-1", 10_00))).then();
    account.when(told(booked("d-1", 10_01))).thenRefused("deposit_differs");
    const state = account.when(told(booked("d-2", 10_00))).then(booked("d-2", 10_00));
    expect(state).toMatchObject({ availableCents: 20_00 });
    const room = BALANCE_CENTS_MAX - 20_00;
    account.when(told(booked("d-3", room + 1))).thenRefused("amount_above_limit");
    given("account", "a")
      .when(told(booked("d-1", 1)))
      .thenRefused("account_not_found");
  });

  it("are known after thousands of others, and after each snapshot", () => {
    const many = Array.from({ length: 1_300 }, (_, at) => booked(`d-${at}`, at + 1));
    const withdrawals = Array.from({ length: 1_100 }, (_, at) => [
      held(at + 1, 1),
      at % 2 === 0 ? confirmed(at + 1, 1) : failed(at + 1, 1),
    ]).flat();
    const account = given("account", "a", OPENED, DEPOSITED, ...many, ...withdrawals);
    const state = restored(account.state as unknown as OpenAccount);
    for (let at = 0; at < 1_300; at++) {
      expect(state.custody?.depositCents(`d-${at}`)).toBe(at + 1);
    }
    expect(state.custody?.depositCents("d-1300")).toBeUndefined();
    expect(state.custody?.withdrawal(1_099)?.status).toBe("paid");
    expect(state.custody?.withdrawal(1_100)).toMatchObject({ status: "failed" });
    expect(state.custody?.withdrawal(1_100 - 2 * REASONS_KEPT_MAX)?.reason).toBeNull();
    expect(snapshotAccount(state, "all")).toEqual(
      snapshotAccount(account.state as unknown as OpenAccount, "all"),
    );
  });

  it("an account without any has the snapshot that it always had", () => {
    const account = given("account", "a", OPENED, DEPOSITED);
    const { main } = snapshotAccount(account.state as unknown as OpenAccount, "all");
    expect(main.length).toBe(13);
  });
});

describe("Account: deposits that an operator books", () => {
  const deposit = (number: number, reference: string, amountCents = 10_00) => {
    return { type: "Deposit", ...request(number), accountId: "a", amountCents, reference };
  };
  const deposited = (number: number, reference: string, isReferenceKept = true) => {
    const { type: _, accountId: __, ...fields } = deposit(number, reference);
    return { type: "Deposited", ...fields, isReferenceKept };
  };

  it("are booked once for each reference, whatever the amount", () => {
    const account = given("account", "a", OPENED);
    account.when(deposit(2, "d-1")).then(deposited(2, "d-1"));
    account.when(deposit(3, "d-1")).thenRefused("deposit_exists");
    account.when(deposit(3, "d-1", BALANCE_CENTS_MAX)).thenRefused("deposit_exists");
    const state = account.when(deposit(4, "d-2")).then(deposited(4, "d-2"));
    expect(state).toMatchObject({ availableCents: 20_00 });
  });

  it("are those of the bank, whoever tells first", () => {
    const byHand = given("account", "a", OPENED, deposited(2, "d-1"));
    byHand.when(told(booked("d-1", 10_00))).then();
    byHand.when(told(booked("d-1", 10_01))).thenRefused("deposit_differs");
    const byBank = given("account", "a", OPENED, booked("d-1", 10_00));
    byBank.when(deposit(2, "d-1")).thenRefused("deposit_exists");
  });

  it("have references in any script, and none is none", () => {
    const account = given("account", "a", OPENED, deposited(2, "转账 1"), deposited(3, "Ł"));
    account.when(deposit(4, "转账 1")).thenRefused("deposit_exists");
    account.when(deposit(4, "转账 2")).then(deposited(4, "转账 2"));
    // The same lowest byte as Ł.
    account.when(deposit(5, "A")).then(deposited(5, "A"));
    account.when(deposit(6, "")).then(deposited(6, "", false));
    account.when(deposit(7, "")).then(deposited(7, "", false));
  });

  it("of journals from before are not held against anybody, and cost no memory", () => {
    const old = deposited(2, "d-1", false);
    const account = given("account", "a", OPENED, old, { ...old, ...request(3) });
    expect(account.state).toMatchObject({ availableCents: 20_00, custody: null });
    account.when(deposit(4, "d-1")).then(deposited(4, "d-1"));
  });

  it("are known after each snapshot, be they few or many, and without a withdrawal", () => {
    for (const count of [1, 15, 16, 17, 600]) {
      const many = Array.from({ length: count }, (_, at) => deposited(at + 2, `d-${at}`));
      const account = given("account", "a", OPENED, ...many);
      const before = account.state as unknown as OpenAccount;
      const state = restored(before);
      for (let at = 0; at < count; at++) {
        expect(state.custody?.depositCents(`d-${at}`)).toBe(10_00);
      }
      expect(state.custody?.depositCents(`d-${count}`)).toBeUndefined();
      expect(snapshotAccount(state, "all")).toEqual(snapshotAccount(before, "all"));
      expect(state.custody).toMatchObject({ deposits: count, withdrawals: 0, withdrawalsOpen: 0 });
    }
  });
});

describe("Account: a bank that repeats itself in any order", () => {
  it("has the same effect as one that says everything once", () => {
    const notice = fc.constantFrom<Typed>(
      ...[1, 2, 3].flatMap((no) => [confirmed(no, no * 10_00), failed(no, no * 10_00)]),
      ...["x", "y", "z"].map((reference) => booked(reference, 7_00)),
    );
    fc.assert(
      fc.property(fc.array(notice, { minLength: 1, maxLength: 60 }), (notices) => {
        const begun = [OPENED, DEPOSITED, held(1, 10_00), held(2, 20_00), held(3, 30_00)];
        let account = given("account", "a", ...begun);
        const first = new Map<string, Typed>();
        for (const each of notices) {
          const key =
            "reference" in each
              ? `d${String(each["reference"])}`
              : `w${String(each["withdrawalNo"])}`;
          const before = first.get(key);
          if (before === undefined) {
            account.when(told(each)).then(each);
            first.set(key, each);
          } else if (before.type === each.type) account.when(told(each)).then();
          else account.when(told(each)).thenRefused("withdrawal_ended_otherwise");
        }
        account = given("account", "a", ...begun, ...first.values());
        const { availableCents, heldCents } = account.state as unknown as OpenAccount;
        const events = [...first.values()];
        const sum = (type: string): number =>
          events
            .filter((each) => each.type === type)
            .reduce((total, each) => total + (each["amountCents"] as number), 0);
        const heldNow = 60_00 - sum("WithdrawalConfirmed") - sum("WithdrawalFailed");
        expect(heldCents).toBe(heldNow);
        expect(availableCents).toBe(440_00 + sum("WithdrawalFailed") + sum("DepositBooked"));
      }),
    );
  });
});
