// The operator of a run: opens accounts, lists loans, deposits money all the time, and finds out
// from outside when every shard serves and how soon requests are refused. It counts every cent that
// was acknowledged, so that what is in the books can be compared.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { LoanloomClient, LoanloomError, newRequestId } from "../../src/client/client.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";
import type { AccountId } from "../../actors/address.ts";
import type { Random } from "../support/random.ts";

export interface OperatorOptions {
  readonly url: string;
  readonly token: string;
  readonly shards: number;
  readonly random: Random;
}

export interface Refusals {
  /** From the beginning of the fault to the first `unavailable`, of the slowest shard. */
  readonly firstAfterMs: number;
  readonly refused: number;
}

const DEPOSIT_PAUSE_MS_MAX = 40;
const PROBE_TIMEOUT_MS = 200;
const PROBE_PAUSE_MS = 50;

export class ChaosOperator {
  depositedCents = 0;
  deposits = 0;
  readonly failures: string[] = [];
  readonly #client: LoanloomClient;
  readonly #random: Random;
  /** One account in each shard, which only this operator touches. */
  readonly #probes: readonly string[];
  /** What each of them must have. */
  readonly #probeCents = new Map<string, number>();
  #running: Promise<void> = Promise.resolve();
  #over = false;

  constructor({ url, token, shards, random }: OperatorOptions) {
    this.#random = random;
    this.#client = new LoanloomClient({
      url,
      token,
      requestTimeoutMs: 90_000,
      firstConnectTimeoutMs: 30_000,
      reconnect: { delayMsFirst: 20, delayMsMax: 50 },
      retry: { delayMsFirst: 20, delayMsMax: 50 },
    });
    this.#probes = Array.from({ length: shards }, (_, shard) => accountIn(shard, shards));
  }

  async prepare(
    lenders: readonly string[],
    depositCents: number,
    principals: Readonly<Record<string, number>>,
  ): Promise<void> {
    await this.#client.ready;
    const accountIds = [...lenders, ...this.#probes, "borrower"];
    await Promise.all(
      accountIds.map((accountId) => this.#client.request("account.open", { accountId })),
    );
    await Promise.all(lenders.map((accountId) => this.#deposit(accountId, depositCents)));
    for (const [loanId, principalCents] of Object.entries(principals)) {
      await this.#client.request("loan.list", {
        loanId,
        borrowerId: "borrower",
        principalCents,
        stepCents: 1_00,
        minBidCents: 100_00,
        closesAtMs: Date.now() + 86_400_000,
        cancellable: true,
      });
    }
  }

  async #deposit(accountId: string, amountCents: number): Promise<void> {
    const reference = `chaos ${randomUUID()}`;
    await this.#client.request("account.deposit", { accountId, amountCents, reference });
    this.deposits++;
    this.depositedCents += amountCents;
    if (this.#probes.includes(accountId)) this.#expectMore(accountId, amountCents);
  }

  #expectMore(accountId: string, cents: number): void {
    this.#probeCents.set(accountId, (this.#probeCents.get(accountId) ?? 0) + cents);
  }

  begin(lenders: readonly string[]): void {
    this.#running = this.#depositAlways(lenders);
  }

  async #depositAlways(lenders: readonly string[]): Promise<void> {
    while (!this.#over) {
      const lender = lenders[this.#random(lenders.length)]!;
      await this.#deposit(lender, 1 + this.#random(1_000_00)).catch((error: unknown) => {
        this.failures.push(`a deposit failed: ${String(error)}`);
      });
      await sleep(this.#random(DEPOSIT_PAUSE_MS_MAX));
    }
  }

  /** Resolves when each shard has made a new deposit durable. */
  async untilAllShardsServe(): Promise<void> {
    await Promise.all(this.#probes.map((accountId) => this.#deposit(accountId, 1)));
  }

  /**
   * Asks every shard again and again until `until`, each time waiting only a moment, and tells how
   * soon all of them refused. Afterwards every one of these requests must be known for what it was.
   */
  async refusalsDuring(until: Promise<void>): Promise<Refusals> {
    const shards = await Promise.all(
      this.#probes.map((accountId) => this.#refusalsOf(accountId, until)),
    );
    return {
      firstAfterMs: Math.max(...shards.map(({ firstAfterMs }) => firstAfterMs)),
      refused: shards.reduce((sum, { refused }) => sum + refused, 0),
    };
  }

  async #refusalsOf(accountId: string, until: Promise<void>): Promise<Refusals> {
    const sinceMs = performance.now();
    const requestIds: string[] = [];
    let over = false;
    let firstAfterMs = Infinity;
    let refused = 0;
    void until.finally(() => (over = true));
    while (!over) {
      const requestId = newRequestId();
      requestIds.push(requestId);
      const code = await this.#probe(accountId, requestId);
      if (code === "unavailable") {
        refused++;
        firstAfterMs = Math.min(firstAfterMs, performance.now() - sinceMs);
      }
      await sleep(PROBE_PAUSE_MS);
    }
    await until;
    await this.#settle(accountId, requestIds);
    return { firstAfterMs, refused };
  }

  async #probe(accountId: string, requestId: string): Promise<string> {
    const fields = { requestId, accountId, amountCents: 1, reference: `probe ${requestId}` };
    try {
      await this.#client.request("account.deposit", fields, { timeoutMs: PROBE_TIMEOUT_MS });
      return "done";
    } catch (error) {
      return error instanceof LoanloomError ? error.code : String(error);
    }
  }

  /**
   * Of requests that nobody waited for, as many had an effect as their outcomes say: none twice.
   */
  async #settle(accountId: string, requestIds: readonly string[]): Promise<void> {
    let done = 0;
    for (const requestId of requestIds) {
      const { state } = await this.#client.outcome(requestId, accountId);
      if (state === "done") done++;
      else if (state !== "unknown") this.failures.push(`the outcome of a probe is ${state}`);
    }
    this.deposits += done;
    this.depositedCents += done;
    this.#expectMore(accountId, done);
    const { availableCents } = await this.#client.account(accountId);
    const expectedCents = this.#probeCents.get(accountId);
    if (availableCents === expectedCents) return;
    this.failures.push(`${accountId} has ${availableCents}, not ${expectedCents}`);
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#running;
  }

  close(): void {
    this.#over = true;
    this.#client.close();
  }
}

function accountIn(shard: number, shards: number): string {
  for (let number = 0; ; number++) {
    const id = `probe-${number}` as AccountId;
    if (shardOf({ kind: "account", id }, shards) === shard) return id;
  }
}
