// A loan is paid out and repaid to its last instalment while the server is killed with -9 in the
// middle of clearings, on real Redis: every leg reaches its lender exactly once.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { LoanloomClient } from "../../src/client/client.ts";
import { auditOf, token } from "./aftermath.ts";
import { ChaosServer } from "./chaos-server.ts";
import { seededRandom, type Random } from "../support/random.ts";

const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
const MONTHS = Number(process.env["CHAOS_MONTHS"] ?? 3);
const LENDERS = Number(process.env["CHAOS_LENDERS"] ?? 150);
const SHARE_CENTS = 100_00;
const JWT_SECRET = "repaid-".repeat(8);
/** After the date is asked for: before, in or behind its clearing. */
const KILL_AFTER_MS_MAX = 40;
const LOAN = { loanId: "spring" };

class Run {
  readonly server: ChaosServer;
  readonly operator: LoanloomClient;
  readonly borrower: LoanloomClient;
  readonly #random: Random;
  kills = 0;
  /** Kills that hit while the date was asked for and not answered. */
  killsInside = 0;

  private constructor(
    server: ChaosServer,
    operator: LoanloomClient,
    borrower: LoanloomClient,
    random: Random,
  ) {
    this.server = server;
    this.operator = operator;
    this.borrower = borrower;
    this.#random = random;
  }

  static async start(shards: number): Promise<Run> {
    const server = await ChaosServer.create({
      LOANLOOM_SHARDS: String(shards),
      LOANLOOM_JWT_SECRET: JWT_SECRET,
      LOANLOOM_JOURNAL_KEEP: "all",
      LOANLOOM_CHECKPOINT_MS: "100",
      LOANLOOM_BUSINESS_DATES: "operator",
    });
    onTestFinished(() => server.destroy());
    server.start();
    const operator = await clientOf(server, "operator", "operator");
    const borrower = await clientOf(server, "borrower", "client");
    await server.untilReady();
    return new Run(server, operator, borrower, seededRandom(SEED * 3_000 + shards));
  }

  /** Everybody lends the same; the last bid fills the loan, and it is paid out. */
  async payOut(): Promise<void> {
    const { operator } = this;
    const lenders = Array.from({ length: LENDERS }, (_, at) => `lender-${at}`);
    const open = async (accountId: string, amountCents: number): Promise<void> => {
      await operator.request("account.open", { accountId });
      await operator.request("account.deposit", { accountId, amountCents, reference: "chaos" });
    };
    await Promise.all(lenders.map((accountId) => open(accountId, SHARE_CENTS)));
    await open("borrower", LENDERS * SHARE_CENTS);
    await operator.request("loan.list", {
      ...LOAN,
      borrowerId: "borrower",
      principalCents: LENDERS * SHARE_CENTS,
      stepCents: 1_00,
      minBidCents: SHARE_CENTS,
      closesAtMs: Date.now() + 86_400_000,
      cancellable: true,
      method: "equal_instalment",
      term: MONTHS,
      rateBps: 1_200,
      serviceFeeBps: 1_000,
      penaltyPpm: 1_000,
      disbursesAtOnce: true,
    });
    await Promise.all(
      lenders.map(async (lender) => {
        const client = await clientOf(this.server, lender, "client");
        await client.placeBid({ ...LOAN, amountCents: SHARE_CENTS, fill: "exact" });
        client.close();
      }),
    );
    while ((await this.#loan()).status !== "repaying") await sleep(5);
  }

  #loan() {
    return this.operator.request("loan.get", LOAN);
  }

  /** The next instalment: its date is asked for, and the server killed at some moment. */
  async month(): Promise<void> {
    const { nextDueOn } = await this.#loan();
    if (nextDueOn === null) throw new Error("nothing is due any more");
    let isAnswered = false;
    const advanced = this.operator
      .request("calendar.advance", { day: nextDueOn })
      .then(() => (isAnswered = true));
    await sleep(this.#random(KILL_AFTER_MS_MAX));
    this.kills++;
    if (!isAnswered) this.killsInside++;
    await this.server.kill();
    this.server.start();
    await advanced;
    expect(this.server.deaths).toEqual([]);
  }

  /** By hand, what is not due yet; killed while the payment is on its way. */
  async payEarly(): Promise<void> {
    const payment = { ...LOAN, amountCents: 100_00, mode: "early_keep_term" } as const;
    const paid = this.borrower.request("loan.repay", payment);
    await sleep(this.#random(5));
    this.kills++;
    await this.server.kill();
    this.server.start();
    expect(await paid).toMatchObject({ returnedCents: 0 });
  }

  async end(): Promise<void> {
    while ((await this.#loan()).status !== "settled") await sleep(5);
    this.operator.close();
    this.borrower.close();
    expect(await this.server.stop()).toBe(0);
  }
}

async function clientOf(
  { url }: ChaosServer,
  subject: string,
  role: "client" | "operator",
): Promise<LoanloomClient> {
  const client = new LoanloomClient({
    url,
    token: await token(JWT_SECRET, subject, role),
    requestTimeoutMs: 90_000,
    firstConnectTimeoutMs: 30_000,
    reconnect: { delayMsFirst: 20, delayMsMax: 50 },
    retry: { delayMsFirst: 20, delayMsMax: 50 },
  });
  onTestFinished(() => client.close());
  return client;
}

describe.runIf(process.platform === "linux")("A loan whose server is killed", () => {
  it.each([1, 3])(
    `is repaid to all lenders to the cent, shards: %i, seed: ${SEED}`,
    { timeout: 90_000 + MONTHS * 15_000 },
    async (shards) => {
      const run = await Run.start(shards);
      await run.payOut();
      await run.payEarly();
      for (let month = 0; month < MONTHS; month++) await run.month();
      await run.end();

      const report = await auditOf(run.server, shards);
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ ok: true, coverage: "full" });
      const clearings = MONTHS + 1;
      expect(report.totals).toMatchObject({
        clearings,
        legs: clearings * LENDERS,
        clearingCents: 0,
        transitCents: 0,
        messagesInFlight: 0,
        trialBalanceCents: 0,
      });
      expect(report.loans).toMatchObject([{ loanId: "spring", status: "settled" }]);
      expect(report.totals.takeOvers).toBe(shards * (1 + run.kills));
      expect(run.killsInside).toBeGreaterThan(0);
    },
  );
});
