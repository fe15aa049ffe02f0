// The custodian wired in, against what happens to real processes: server and bank are killed in the
// middle of payouts, every fault switch is on, callbacks are forged and replayed. In the end bank,
// books and auditor agree to the cent.

import { describe, expect, it } from "vitest";
import type { LoanloomClient } from "../../src/client/client.ts";
import { sign, SIGNATURE_HEADER } from "../../src/custodian/signature.ts";
import { statementDateOf, UTC_OFFSET_MINUTES_DEFAULT } from "../../src/custodian/statement-date.ts";
import { BankWorld, until } from "./bank-world.ts";

const NAMES = ["ann", "ben", "cora"];
const DEPOSIT_CENTS = 1_000_00;
/** What is never settled by a dropped notice is a deposit: only the statement tells. */
const FAULTS = {
  seed: 11,
  slowMs: 3,
  failRate: 0.15,
  timeoutRate: 0.05,
  refuseRate: 0.15,
  bounceRate: 0.15,
  duplicateRate: 0.3,
  shuffleMs: 60,
};
const TEST_MS_MAX = 400_000;

async function opened(world: BankWorld): Promise<Map<string, LoanloomClient>> {
  const operator = await world.client("operator", "operator");
  const clients = new Map<string, LoanloomClient>();
  for (const accountId of NAMES) {
    await operator.request("account.open", { accountId });
    await world.bank.deposit(accountId, DEPOSIT_CENTS, `first-${accountId}`);
    clients.set(accountId, await world.client(accountId));
  }
  for (const client of clients.values()) await untilTotal(client, DEPOSIT_CENTS);
  return clients;
}

async function untilTotal(client: LoanloomClient, totalCents: number): Promise<void> {
  await until(`a total of ${totalCents}`, async () => {
    const { availableCents, heldCents } = await client.request("account.get", {});
    return availableCents + heldCents === totalCents;
  });
}

/** All withdrawals of an account, once each has ended. */
async function ended(client: LoanloomClient, count: number) {
  const withdrawals = [];
  for (let withdrawal = 1; withdrawal <= count; withdrawal++) {
    await until(`the end of withdrawal ${withdrawal}`, async () => {
      return (await client.request("account.withdrawal", { withdrawal })).status !== "held";
    });
    withdrawals.push(await client.request("account.withdrawal", { withdrawal }));
  }
  return withdrawals;
}

function today() {
  return statementDateOf(Date.now(), UTC_OFFSET_MINUTES_DEFAULT);
}

async function reconciled(world: BankWorld) {
  const { code, stdout, stderr } = await world.run("reconcile", "--date", today(), "--json");
  expect(stderr).toBe("");
  return { code, ...(JSON.parse(stdout) as { matchedLines: number; differences: object[] }) };
}

describe("A server and its custodian", () => {
  it(
    "agree to the cent after kills of both and every fault of the bank",
    async () => {
      const world = await BankWorld.start();
      const { server, bank } = world;
      const clients = await opened(world);
      let deposits = NAMES.length;
      let asked = 0;
      const fired = { refuseRate: 0, bounceRate: 0, duplicateRate: 0, failRate: 0, dropRate: 0 };
      // Before each end of the bank and each change of its switches, for both begin counting anew.
      const countFired = async (): Promise<void> => {
        const since = await bank.fired();
        for (const name of Object.keys(fired) as (keyof typeof fired)[]) fired[name] += since[name];
      };
      for (const victim of ["server", "bank", "both"] as const) {
        await bank.faults(FAULTS);
        const asking: Promise<unknown>[] = [];
        for (const [accountId, client] of clients) {
          for (let each = 0; each < 6; each++) {
            const fields = { amountCents: 10_00 + each, beneficiary: `bank of ${accountId}` };
            asking.push(client.request("account.withdraw", fields));
          }
          await bank.deposit(accountId, 1_00, `more-${accountId}-${victim}`);
          deposits++;
        }
        asked += 6;
        // Some are answered, some are under way.
        await asking[4];
        if (victim !== "bank") await server.kill();
        await countFired();
        if (victim !== "server") await bank.kill();
        if (victim !== "server") await bank.start();
        await bank.faults(FAULTS);
        if (victim !== "bank") server.start();
        await server.untilReady();
        await Promise.all(asking);
        // From here on payouts end by being asked about, too: deposits have been told.
        await until("all deposits", async () => {
          const totals = await Promise.all(
            [...clients.values()].map(async (client) => client.request("account.get", {})),
          );
          return (
            totals.every(({ entry }) => entry > 0) && (await bank.health()).noticesPending === 0
          );
        });
        await countFired();
        await bank.faults({ ...FAULTS, dropRate: 0.5 });
        for (const client of clients.values()) {
          await client.request("account.withdraw", { amountCents: 7_00, beneficiary: "bank 7" });
        }
        asked += 1;
        for (const client of clients.values()) await ended(client, asked);
        await countFired();
      }
      expect(server.deaths).toEqual([]);
      for (const [name, times] of Object.entries(fired))
        expect([name, times > 0]).toEqual([name, true]);
      const statuses: string[] = [];
      for (const client of clients.values()) {
        const withdrawals = await ended(client, asked);
        statuses.push(...withdrawals.map(({ status }) => status));
        const paidCents = withdrawals
          .filter(({ status }) => status === "paid")
          .reduce((sum, { amountCents }) => sum + amountCents, 0);
        const { availableCents, heldCents } = await client.request("account.get", {});
        expect(heldCents).toBe(0);
        expect(availableCents).toBe(DEPOSIT_CENTS + 3_00 - paidCents);
      }
      const paid = statuses.filter((status) => status === "paid").length;
      expect(paid).toBeGreaterThan(statuses.length / 2);
      expect(paid).toBeLessThan(statuses.length);
      expect(await world.metric("loanloom_withdrawals_stuck")).toBe(0);
      await bank.faults({});
      expect(await reconciled(world)).toMatchObject({
        code: 0,
        differences: [],
        matchedLines: deposits + paid,
      });
      expect(await server.stop()).toBe(0);
      const { code, stdout } = await world.run("verify", "--data", server.dataDir, "--json");
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, coverage: "full", violations: [] });
      expect(code).toBe(0);
    },
    TEST_MS_MAX,
  );

  it(
    "go their own ways while the bank is down: bids and repayments go on, withdrawals wait",
    async () => {
      const world = await BankWorld.start({ LOANLOOM_CUSTODIAN_ANSWER_MS_MAX: "300" });
      const { server, bank } = world;
      const clients = await opened(world);
      const [ann, ben] = [clients.get("ann")!, clients.get("ben")!];
      await bank.kill();
      for (let each = 0; each < 8; each++) {
        await ann.request("account.withdraw", { amountCents: 1_00, beneficiary: "bank 1" });
      }
      await until("an open circuit", async () => {
        return (await world.metric("loanloom_custodian_circuit_open")) === 1;
      });
      expect(await world.metric("loanloom_withdrawals_under_way")).toBe(8);
      expect(await server.isReady()).toBe(true);
      await until("a line in the log", async () => {
        return server.logged("the custodian does not answer: withdrawals wait") === 1;
      });
      const operator = await world.client("operator", "operator");
      const terms = {
        principalCents: 500_00,
        stepCents: 1_00,
        minBidCents: 100_00,
        rateBps: 1_200,
      };
      await operator.request("loan.list", {
        ...{ loanId: "spring", borrowerId: "ben", cancellable: false, disbursesAtOnce: true },
        ...{ ...terms, closesAtMs: Date.now() + 3_600_000 },
      });
      const bid = { loanId: "spring", amountCents: 500_00, fill: "exact" } as const;
      await ann.request("bid.place", bid);
      await until("the loan is paid out", async () => {
        return (await ben.request("loan.get", { loanId: "spring" })).status === "repaying";
      });
      const repayment = { loanId: "spring", amountCents: 600_00, mode: "early_full" } as const;
      expect(await ben.request("loan.repay", repayment)).toMatchObject({ principalCents: 500_00 });
      expect((await ann.request("account.withdrawal", { withdrawal: 8 })).status).toBe("held");
      await bank.start();
      const withdrawals = await ended(ann, 8);
      expect(withdrawals.map(({ status }) => status)).toEqual(Array(8).fill("paid"));
      await until("a closed circuit", async () => {
        return (await world.metric("loanloom_custodian_circuit_open")) === 0;
      });
      expect(await reconciled(world)).toMatchObject({ code: 0, matchedLines: 3 + 8 });
    },
    TEST_MS_MAX,
  );

  it(
    "is told nothing by others: forged, stale and contradicting callbacks change nothing",
    async () => {
      const world = await BankWorld.start();
      const ann = (await opened(world)).get("ann")!;
      const keys = await world.bank.keys();
      const forged = [new Uint8Array(32).fill(7)];
      const notice = {
        type: "deposit_booked",
        notificationId: "n-1",
        reference: "forged-1",
        accountId: "ann",
        amountCents: 5_00,
        bookedAtMs: Date.now(),
      };
      const body = JSON.stringify(notice);
      const before = await ann.request("account.get", {});
      expect(await world.post(body, { keys: [] })).toEqual([401, { error: "signature_missing" }]);
      expect(await world.post(body, { keys: forged })).toEqual([
        401,
        { error: "signature_invalid" },
      ]);
      const atMs = Date.now() - 301_000;
      expect(await world.post(body, { keys, atMs })).toEqual([401, { error: "signature_stale" }]);
      expect(await world.post("{}", { keys })).toEqual([400, { error: "body_malformed" }]);
      const large = JSON.stringify({ ...notice, more: "x".repeat(20_000) });
      expect(await world.post(large, { keys })).toEqual([413, { error: "body_too_large" }]);
      const first = { ...notice, reference: "first-ann" };
      const other = JSON.stringify(first);
      expect(await world.post(other, { keys })).toEqual([409, { error: "deposit_differs" }]);
      const same = JSON.stringify({ ...first, amountCents: DEPOSIT_CENTS });
      expect(await world.post(same, { keys })).toEqual([200, { status: "known" }]);
      const absent = JSON.stringify({ ...notice, accountId: "nobody" });
      expect(await world.post(absent, { keys })).toEqual([404, { error: "account_not_found" }]);
      const paid = { ...notice, type: "payout_confirmed", reference: "w-ann-1" };
      expect(await world.post(JSON.stringify(paid), { keys })).toEqual([
        404,
        { error: "withdrawal_not_found" },
      ]);
      const others = JSON.stringify({ ...paid, reference: "w-ben-1" });
      expect(await world.post(others, { keys })).toEqual([404, { error: "withdrawal_not_found" }]);
      const { position: _, ...unchanged } = before;
      expect(await ann.request("account.get", {})).toMatchObject(unchanged);
      expect(await world.metric("loanloom_callbacks_refused_total")).toBe(5);
      // Signed and true, it is booked; sent again as it was, nothing more.
      const headers = signedHeaders(body, keys);
      expect(await world.postRaw(body, headers)).toEqual([200, { status: "noted" }]);
      expect(await world.postRaw(body, headers)).toEqual([200, { status: "known" }]);
      await untilTotal(ann, DEPOSIT_CENTS + 5_00);
      // The bank knows nothing of it: the statement does not have it, and reconciling says so.
      await world.bank.faults({ dropRate: 1 });
      await world.bank.deposit("ben", 3_00, "never-told");
      const found = await reconciled(world);
      expect(found.code).toBe(1);
      expect(found.matchedLines).toBe(NAMES.length);
      expect(found.differences).toMatchObject([
        { type: "missing_in_books", line: { reference: "never-told", amountCents: 3_00 } },
        { type: "missing_at_custodian", line: { reference: "forged-1", amountCents: 5_00 } },
        { type: "closing_differs" },
      ]);
    },
    TEST_MS_MAX,
  );
});

function signedHeaders(body: string, keys: readonly Uint8Array[]) {
  return {
    "content-type": "application/json",
    [SIGNATURE_HEADER]: sign([body], keys, Date.now()),
  };
}
