// Each fault switch, on a sandbox in a process of its own: it strikes, and in the end there is one
// payout for each reference and one notice that counts.

import { describe, expect, onTestFinished, test } from "vitest";
import { systemEnvironment } from "../../../src/custodian/environment.ts";
import { OUTBOX_LIMITS, PayoutOutbox, type PayoutSettled } from "../../../src/custodian/outbox.ts";
import type { Custodian, PayoutOrder } from "../../../src/custodian/port.ts";
import { booksOf, reconcile } from "../../../src/custodian/reconcile.ts";
import type { FaultName, FaultSettings } from "../../../src/custodian/sandbox/faults.ts";
import { statementDateOf } from "../../../src/custodian/statement-date.ts";
import { CallbackReceiver } from "../callback-receiver.ts";
import { orders } from "../orders.ts";
import { EAGER_LIMITS, SandboxProcess } from "../sandbox-process.ts";

const IMPATIENT = { ...EAGER_LIMITS, answerMsMax: 400 };
const COUNT = 40;
const FUNDS_CENTS = 1_000_000;

interface Run {
  readonly bank: SandboxProcess;
  readonly receiver: CallbackReceiver;
  readonly sent: readonly PayoutOrder[];
  readonly settled: ReadonlyMap<string, PayoutSettled>;
  readonly fired: Readonly<Record<FaultName, number>>;
}

/** An outbox that waits for nothing longer than a test can. */
function outboxOf(custodian: Custodian, settled: Map<string, PayoutSettled>): PayoutOutbox {
  const outbox = new PayoutOutbox({
    custodian,
    environment: systemEnvironment,
    limits: { ...OUTBOX_LIMITS, attempts: { delayMsFirst: 10, delayMsMax: 50 } },
    settled: ({ reference }, outcome) => {
      if (settled.has(reference)) throw new Error(`${reference} is settled twice`);
      settled.set(reference, outcome);
    },
  });
  onTestFinished(() => outbox.close());
  return outbox;
}

async function run(faults: Partial<FaultSettings>): Promise<Run> {
  const receiver = await CallbackReceiver.start();
  const options = ["--booking-delay-ms", "5", "--callback-url", receiver.url];
  const bank = await SandboxProcess.start(options);
  receiver.keys = await bank.keys();
  await bank.deposit("funds", FUNDS_CENTS, "funds");
  await bank.faults({ seed: 3, ...faults });
  const settled = new Map<string, PayoutSettled>();
  // An answer that never comes is waited for in vain: not for long.
  const limits = faults.timeoutRate === undefined ? EAGER_LIMITS : IMPATIENT;
  const outbox = outboxOf(await bank.client(limits), settled);
  const sent = orders(COUNT);
  for (const each of sent) outbox.offer(each);
  while (outbox.depth > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await bank.atRest();
  const fired = await bank.fired();
  return { bank, receiver, sent, settled, fired };
}

/** Everything that the bank has booked is exactly the orders of that outcome, once each. */
async function expectPaid({ bank, sent }: Run, references: ReadonlySet<string>): Promise<void> {
  await bank.faults({});
  const today = statementDateOf(Date.now(), 480);
  const read = await (await bank.client()).readStatement(today);
  if (read.kind !== "read") throw new Error(JSON.stringify(read));
  const payouts = sent.filter(({ reference }) => references.has(reference));
  const paidCents = payouts.reduce((sum, { amountCents }) => sum + amountCents, 0);
  const statement = booksOf(read.statement);
  const found = reconcile(statement, {
    openingCents: statement.openingCents,
    closingCents: statement.closingCents,
    lines: [
      ...statement.lines.filter(({ kind }) => kind === "deposit"),
      ...payouts.map(({ reference, amountCents }) => ({
        kind: "payout" as const,
        reference,
        amountCents,
        date: today,
      })),
    ],
  });
  expect(found.differences).toEqual([]);
  expect(await bank.health()).toMatchObject({ balanceCents: FUNDS_CENTS - paidCents });
}

function referencesOf(sent: readonly PayoutOrder[]): ReadonlySet<string> {
  return new Set(sent.map(({ reference }) => reference));
}

describe("A fault switch", () => {
  test.each<[FaultName, Partial<FaultSettings>]>([
    ["slowMs", { slowMs: 50 }],
    ["failRate", { failRate: 0.4 }],
    ["timeoutRate", { timeoutRate: 0.25 }],
    ["duplicateRate", { duplicateRate: 0.5 }],
    ["shuffleMs", { shuffleMs: 300 }],
  ])(
    "%s strikes, and each payout is made and told once",
    async (name, faults) => {
      const done = await run(faults);
      expect(done.fired[name]).toBeGreaterThan(0);
      expect([...done.settled.values()].map(({ kind }) => kind)).toEqual(
        Array<string>(COUNT).fill("accepted"),
      );
      const told = done.receiver.notices.filter(({ type }) => type === "payout_confirmed");
      expect(new Set(told.map(({ reference }) => reference))).toEqual(referencesOf(done.sent));
      if (name === "duplicateRate") {
        while (done.receiver.notices.length < COUNT + 1 + done.fired[name]) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        const ids = done.receiver.notices.map(({ notificationId }) => notificationId);
        expect(ids.length - new Set(ids).size).toBe(done.fired[name]);
      } else {
        expect(told).toHaveLength(COUNT);
      }
      if (name === "shuffleMs") {
        const times = told.map((notice) => ("bookedAtMs" in notice ? notice.bookedAtMs : NaN));
        expect(times).not.toEqual([...times].sort((one, other) => one - other));
      }
      await expectPaid(done, referencesOf(done.sent));
    },
    60_000,
  );

  test("refuseRate refuses for good: neither paid nor told, also when it is asked again", async () => {
    const done = await run({ refuseRate: 0.5 });
    const refused = [...done.settled].filter(([, { kind }]) => kind === "refused");
    expect(refused).toHaveLength(done.fired.refuseRate);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(COUNT);
    for (const [reference] of refused) expect(done.receiver.told.has(reference)).toBe(false);
    const paid = new Set(referencesOf(done.sent));
    for (const [reference] of refused) paid.delete(reference);
    await expectPaid(done, paid);
    const again = new Map<string, PayoutSettled>();
    const outbox = outboxOf(await done.bank.client(), again);
    for (const each of done.sent) outbox.offer(each);
    while (outbox.depth > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const [reference, { kind }] of again) {
      expect(kind).toBe(done.settled.get(reference)!.kind);
    }
    await expectPaid(done, paid);
  }, 60_000);

  test("bounceRate accepts, pays nothing, and tells of the failure", async () => {
    const done = await run({ bounceRate: 0.5 });
    const failed = [...done.receiver.told].filter(([, type]) => type === "payout_failed");
    expect(failed).toHaveLength(done.fired.bounceRate);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(COUNT);
    const paid = new Set(referencesOf(done.sent));
    for (const [reference] of failed) paid.delete(reference);
    await expectPaid(done, paid);
    expect(await bankHas(done, failed[0]![0])).toMatchObject({
      kind: "found",
      payout: { status: "failed", reason: "beneficiary_account_closed" },
    });
  }, 60_000);

  test("dropRate loses notices: asking for the payout, or the statement, still tells", async () => {
    const done = await run({ dropRate: 0.5 });
    const lost = done.sent.filter(({ reference }) => !done.receiver.told.has(reference));
    expect(lost).toHaveLength(done.fired.dropRate);
    expect(lost.length).toBeGreaterThan(0);
    await expectPaid(done, referencesOf(done.sent));
    expect(await bankHas(done, lost[0]!.reference)).toMatchObject({ payout: { status: "booked" } });
  }, 60_000);

  test("with the same seed strikes in the same places, whatever the order", async () => {
    const outcomes = async (seed: number): Promise<readonly string[]> => {
      const { settled } = await run({ seed, refuseRate: 0.5 });
      return [...settled].map(([reference, { kind }]) => `${reference} ${kind}`).sort();
    };
    const [first, second, other] = [await outcomes(11), await outcomes(11), await outcomes(12)];
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
  }, 60_000);

  test("and all the others together change nothing about one payout for each reference", async () => {
    const done = await run({
      slowMs: 10,
      failRate: 0.2,
      timeoutRate: 0.1,
      refuseRate: 0.2,
      bounceRate: 0.2,
      duplicateRate: 0.3,
      shuffleMs: 50,
    });
    const { fired, settled, receiver, sent } = done;
    for (const [name, count] of Object.entries(fired)) {
      if (name !== "dropRate") expect(count, name).toBeGreaterThan(0);
    }
    const paid = sent.filter(
      ({ reference }) => receiver.told.get(reference) === "payout_confirmed",
    );
    for (const { reference } of sent) {
      const isTold = receiver.told.has(reference);
      expect(isTold).toBe(settled.get(reference)!.kind === "accepted");
    }
    await expectPaid(done, referencesOf(paid));
  }, 60_000);
});

function bankHas({ bank }: Run, reference: string): Promise<unknown> {
  return bank.client().then((client) => client.findPayout(reference as PayoutOrder["reference"]));
}
