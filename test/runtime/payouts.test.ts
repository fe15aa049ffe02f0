// Withdrawals on a whole runtime over journals in memory, with a desk and a bank
// that loses answers: what is told to be paid out is durable, is told again after a
// crash, and is paid exactly once.

import { afterEach, describe, expect, it } from "vitest";
import { accountId } from "../../actors/address.ts";
import {
  createCustodianCounters,
  type Books,
  type CustodianCounters,
} from "../../src/custodian/books.ts";
import { systemEnvironment } from "../../src/custodian/environment.ts";
import { PayoutDesk } from "../../src/custodian/payout-desk.ts";
import type { PayoutFound, PayoutOrder, PayoutSent, Reason } from "../../src/custodian/port.ts";
import { audit } from "../../src/history/audit.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import { World } from "../support/world.ts";

let world: World;
let desk: PayoutDesk | null = null;
afterEach(async () => {
  desk?.close();
  desk = null;
  await world.stop();
});

const OPEN = ["ann", "ben", "cora"];

/** A bank that has each order once, fails every fifth, and often does not say so. */
class LossyBank {
  readonly paid = new Map<string, PayoutOrder>();
  readonly failed = new Set<string>();
  readonly circuitState = "closed";
  sent = 0;

  async sendPayout(order: PayoutOrder): Promise<PayoutSent> {
    await new Promise((resolve) => setImmediate(resolve));
    const { reference } = order;
    const known = this.paid.get(reference);
    if (known !== undefined && known.amountCents !== order.amountCents) return { kind: "conflict" };
    const attempt = ++this.sent;
    if (attempt % 3 === 0) return { kind: "unknown", fault: "unreachable", retryAfterMs: 1 };
    if (known === undefined && !this.failed.has(reference)) {
      if (reference.endsWith("5")) this.failed.add(reference);
      else this.paid.set(reference, order);
    }
    if (attempt % 3 === 1) return { kind: "unknown", fault: "timeout", retryAfterMs: 1 };
    const reason = "account_closed" as Reason;
    if (this.failed.has(reference)) return { kind: "refused", reason };
    return { kind: "accepted", payout: { status: "pending" } };
  }

  async findPayout(reference: string): Promise<PayoutFound> {
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.paid.has(reference)) return { kind: "not_found" };
    return { kind: "found", payout: { status: "booked", bookedAtMs: 1 } };
  }
}

function deskOf(bank: LossyBank, counters: CustodianCounters): PayoutDesk {
  const books: Books = {
    note: (word, answered) =>
      world.system.note(word, (answer) => {
        if (answer.type === "Noted" || answer.type === "Refused" || answer.type === "Failed") {
          answered(answer);
        }
      }),
  };
  return new PayoutDesk({
    custodian: bank,
    environment: systemEnvironment,
    books,
    limits: {
      outbox: { ordersMax: 10, inFlightMax: 3, attempts: { delayMsFirst: 1, delayMsMax: 3 } },
      pollMs: 1,
      pollsInFlightMax: 4,
      noteAgainMs: 20,
    },
    counters,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
}

function withdraw(id: string, amountCents: number) {
  return world.submit({ type: "Withdraw", amountCents, beneficiary: "bank 1" }, id);
}

async function account(id: string) {
  const answer = await world.ask({ type: "GetAccount", accountId: accountId(id) });
  if (answer.type !== "Account") throw new Error(`no account: ${JSON.stringify(answer)}`);
  return answer.view;
}

async function opened(shards: number): Promise<void> {
  world = await new World(shards, { journalKeep: "all", checkpointMs: 20 }).start();
  for (const id of OPEN) await world.openWithMoney(id, 1_000_00);
}

async function expectSound(): Promise<void> {
  const report = await audit({
    shards: world.stores.map(({ entries }, shard) => ({ shard, entries })),
    shardOf: (address) => shardOf(address, world.stores.length),
    atRest: true,
  });
  expect(report.violations).toEqual([]);
}

describe.each([1, 3])("Withdrawals with %i shards", (shards) => {
  it("are told when they are durable and not before, and again after a crash", async () => {
    await opened(shards);
    world.auto = false;
    const { request } = withdraw("ann", 10_00);
    await world.turns(20);
    expect(world.payouts).toEqual([]);
    expect(world.answerTo(request)).toBeUndefined();
    world.auto = true;
    expect(await world.answered(request)).toMatchObject({ type: "WithdrawalHeld", withdrawal: 1 });
    const payout = {
      accountId: "ann",
      withdrawalNo: 1,
      amountCents: 10_00,
      beneficiary: "bank 1",
    };
    const told = { accountId: "ann", withdrawalNo: 1, payout };
    expect(world.payouts).toEqual([told]);
    await world.crash();
    expect(world.payouts).toEqual([told, told]);
    const paid = { accountId: accountId("ann"), withdrawalNo: 1, amountCents: 10_00 };
    const word = { type: "ConfirmWithdrawal", ...paid, bookedAtMs: 5 } as const;
    expect(await world.note(word)).toEqual({ type: "Noted", isNew: true });
    expect(await world.note(word)).toEqual({ type: "Noted", isNew: false });
    expect(world.payouts.at(-1)).toEqual({ ...told, payout: null });
    await world.crash();
    expect(world.payouts.length).toBe(3);
    expect(await account("ann")).toMatchObject({ availableCents: 990_00, heldCents: 0 });
    await expectSound();
  });

  it("a notice that is not durable is answered nothing, and has no effect after a crash", async () => {
    await opened(shards);
    world.auto = false;
    let answers = 0;
    const deposit = { reference: "d-1", amountCents: 5_00, bookedAtMs: 5 };
    const word = { type: "BookDeposit", accountId: accountId("ben"), ...deposit } as const;
    expect(world.system.note(word, () => answers++)).toBeUndefined();
    await world.turns(20);
    // Told again while the first is on its way: it must not be answered before that one is durable.
    expect(world.system.note(word, () => answers++)).toBeUndefined();
    await world.turns(20);
    expect(answers).toBe(0);
    await world.crash();
    world.auto = true;
    expect(await account("ben")).toMatchObject({ availableCents: 1_000_00 });
    expect(await world.note(word)).toEqual({ type: "Noted", isNew: true });
    expect(await account("ben")).toMatchObject({ availableCents: 1_005_00 });
    await expectSound();
  });

  it("are paid exactly once by a bank that loses answers, through crashes at any moment", async () => {
    await opened(shards);
    const bank = new LossyBank();
    const counters = createCustodianCounters();
    desk = deskOf(bank, counters);
    world.onPayout = (change) => desk!.changed(change);
    for (let round = 0; round < 8; round++) {
      for (const id of OPEN) for (let each = 1; each <= 3; each++) withdraw(id, each * 1_00);
      await world.turns(5 + round * 3);
      desk.close();
      desk = deskOf(bank, counters);
      await world.crash(world.stores.map((_, shard) => (round + shard) % 3));
    }
    await expect.poll(() => desk!.depth, { timeout: 20_000 }).toBe(0);
    let heldEver = 0;
    for (const id of OPEN) {
      for (let number = 1; ; number++) {
        const fields = { accountId: accountId(id), withdrawal: number };
        const answer = await world.ask({ type: "GetWithdrawal", ...fields });
        if (answer.type !== "Withdrawal") break;
        heldEver++;
        const { reference, status, amountCents } = answer.view;
        expect(status).toBe(bank.failed.has(reference) ? "failed" : "paid");
        if (status === "paid") expect(bank.paid.get(reference)?.amountCents).toBe(amountCents);
      }
      const { heldCents } = await account(id);
      expect(heldCents).toBe(0);
    }
    expect(bank.paid.size + bank.failed.size).toBe(heldEver);
    expect(bank.sent).toBeGreaterThan(heldEver);
    expect(counters.contradictions).toBe(0);
    await expectSound();
  });
});
