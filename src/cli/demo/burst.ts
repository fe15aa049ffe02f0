// One run of the demo, from an empty folder to figures: server, accounts, loan, burst, kill -9 in
// the middle of it, and the audit of what is on the disk afterwards. It judges nothing itself.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LoanloomClient, newRequestId } from "../../client/client.ts";
import { loadConfig } from "../../config.ts";
import { loadSecrets } from "../../config/secrets.ts";
import { signToken } from "../../gateway/signing.ts";
import { audit } from "../../history/audit.ts";
import { journalSource } from "../../history/journal-source.ts";
import type { AuditReport } from "../../history/report.ts";
import { tryParsePosition } from "../../journal/position.ts";
import { shardOf } from "../../runtime/shard-of.ts";
import { journalsByFolder } from "../journal-access.ts";
import { BORROWER_ID, MIN_BID_CENTS, planBids, STEP_CENTS, type BidPlan } from "./bid-plan.ts";
import { Crowd, type LoggedBid } from "./crowd.ts";
import { BurstFailure, DemoServer } from "./demo-server.ts";
import type { ScreenState } from "./screen.ts";

export const LOAN_ID = "spring-promotion";
const HOUR_MS = 3_600_000;
/** Accounts that are opened in one go. */
const OPENED_AT_ONCE = 500;

export interface BurstSettings {
  readonly folder: string;
  readonly lenders: number;
  readonly principalCents: number;
  readonly shards: number;
  readonly seed: number;
}

export interface BurstFigures {
  readonly settings: BurstSettings;
  readonly plan: BidPlan;
  readonly log: readonly LoggedBid[];
  readonly failures: readonly string[];
  readonly report: AuditReport;
  readonly kill: KillFigures;
  readonly tookMs: number;
}

export interface KillFigures {
  /** The time of the kill, by the clock of the bids' log. */
  readonly atMs: number;
  readonly raisedCents: number;
  /** Sent to the killed server and not answered by it. */
  readonly inFlight: number;
  /** Those of them that the journal had already: asking again got the first outcome. */
  readonly inFlightJournaled: number;
  /** From the kill to the first answer about the loan. */
  readonly serveAgainMs: number;
}

export class Burst {
  readonly #settings: BurstSettings;
  readonly #plan: BidPlan;
  readonly #undo: (() => Promise<void> | void)[] = [];
  #crowd: Crowd | null = null;
  #server: DemoServer | null = null;
  #over = false;
  #settled: Promise<void> = Promise.resolve();
  #phase = "starting Redis and the server";

  constructor(settings: BurstSettings) {
    this.#settings = settings;
    this.#plan = planBids(settings.lenders, settings.principalCents, settings.seed);
  }

  /** For the screen, at any time. */
  get state(): ScreenState {
    const crowd = this.#crowd;
    return {
      phase: this.#phase,
      principalCents: this.#settings.principalCents,
      raisedCents: crowd?.raisedCents ?? 0,
      accepted: crowd?.accepted ?? 0,
      refused: crowd?.refused ?? new Map<string, number>(),
      inFlight: crowd?.inFlight ?? 0,
      connections: crowd?.connections ?? 0,
      connectionsMax: this.#plan.bidders.length,
    };
  }

  /** Rejects when the server dies by itself or `aborted` does. Call `cleanUp` in any case. */
  async run(aborted: Promise<never>): Promise<BurstFigures> {
    const startedMs = performance.now();
    const { folder, shards } = this.#settings;
    await mkdir(join(folder, "data"), { recursive: true, mode: 0o700 });
    const server = await DemoServer.create({
      folder,
      environment: {
        LOANLOOM_DATA: join(folder, "data"),
        LOANLOOM_SHARDS: String(shards),
        LOANLOOM_JOURNAL_KEEP: "all",
        LOANLOOM_LOG_LEVEL: "warn",
        // All clients of the demo come from one address.
        LOANLOOM_CONNECTIONS_PER_ADDRESS_MAX: String(this.#plan.bidders.length + 100),
        LOANLOOM_CONNECTIONS_MAX: String(this.#plan.bidders.length + 20_000),
      },
    });
    this.#server = server;
    this.#undo.push(() => server.destroy());
    const ends = Promise.race([aborted, server.failure]);
    const work = this.#work(server, ends, startedMs);
    this.#settled = work.then(
      () => undefined,
      () => undefined,
    );
    return Promise.race([work, ends]);
  }

  /**
   * Ends every process and connection of the run; the folder stays. What is still under way fails
   * then, for what it needs is taken away, and nothing new is begun.
   */
  async cleanUp(): Promise<void> {
    this.#over = true;
    for (const step of this.#undo.splice(0).reverse()) await step();
    await this.#settled;
    for (const step of this.#undo.splice(0).reverse()) await step();
  }

  #goOn(phase: string): void {
    if (this.#over) throw new BurstFailure(`ended before ${phase}`);
    this.#phase = phase;
  }

  /** The same for a process that ends at once. */
  cleanUpNow(): void {
    this.#server?.destroyNow();
  }

  async #work(server: DemoServer, ends: Promise<never>, startedMs: number): Promise<BurstFigures> {
    const token = await tokenMaker(join(this.#settings.folder, "data"));
    this.#goOn("starting Redis and the server");
    server.start();
    const operator = new LoanloomClient({
      url: server.url,
      token: await token("operator", "operator"),
      inFlightMax: 200,
      reconnect: { delayMsFirst: 20, delayMsMax: 40 },
      firstConnectTimeoutMs: 30_000,
    });
    this.#undo.push(() => operator.close());
    await operator.ready;
    await server.noteRedis();
    await this.#prepare(operator);
    const { crowd, kill } = await this.#burst(server, operator, token, ends);
    this.#goOn("stopping server and Redis");
    crowd.close();
    operator.close();
    await server.stop();
    this.#goOn("auditing what is on the disk");
    const { report, inFlightJournaled } = await this.#audit(crowd, kill.unanswered);
    return {
      settings: this.#settings,
      plan: this.#plan,
      log: crowd.log,
      failures: crowd.failures,
      report,
      kill: {
        atMs: kill.atMs,
        raisedCents: kill.raisedCents,
        inFlight: kill.unanswered.length,
        inFlightJournaled,
        serveAgainMs: kill.serveAgainMs,
      },
      tookMs: performance.now() - startedMs,
    };
  }

  /** Accounts with money, and the loan. */
  async #prepare(operator: LoanloomClient): Promise<void> {
    const { bidders } = this.#plan;
    for (let from = 0; from < bidders.length; from += OPENED_AT_ONCE) {
      this.#goOn(`opening accounts: ${from} of ${bidders.length}`);
      const group = bidders.slice(from, from + OPENED_AT_ONCE);
      await Promise.all(
        group.map(({ accountId, depositCents }) =>
          Promise.all([
            operator.request("account.open", { accountId }),
            operator.request("account.deposit", {
              accountId,
              amountCents: depositCents,
              reference: `demo ${accountId}`,
            }),
          ]),
        ),
      );
    }
    this.#goOn("listing the loan");
    await operator.request("loan.list", {
      requestId: newRequestId(),
      loanId: LOAN_ID,
      borrowerId: BORROWER_ID,
      principalCents: this.#settings.principalCents,
      stepCents: STEP_CENTS,
      minBidCents: MIN_BID_CENTS,
      closesAtMs: Date.now() + HOUR_MS,
      cancellable: false,
    });
  }

  async #burst(
    server: DemoServer,
    operator: LoanloomClient,
    token: (subject: string, role: "client") => Promise<string>,
    ends: Promise<never>,
  ) {
    const { principalCents } = this.#settings;
    let halfway: () => void;
    const half = new Promise<void>((resolve) => {
      halfway = resolve;
    });
    let unanswered: LoggedBid[] = [];
    let killed: { readonly atMs: number; readonly raisedCents: number } | null = null;
    let ended: Promise<void> = Promise.resolve();
    const crowd = new Crowd({
      url: server.url,
      plan: this.#plan,
      loanId: LOAN_ID,
      principalCents,
      token: (accountId) => token(accountId, "client"),
      onRaised: (raisedCents) => {
        if (killed !== null || raisedCents < principalCents / 2) return;
        // Right here, between two answers: everything that is unanswered is in flight.
        unanswered = crowd.unanswered();
        killed = { atMs: performance.now(), raisedCents };
        ended = server.kill();
        halfway();
      },
    });
    this.#crowd = crowd;
    this.#undo.push(() => crowd.close());
    this.#goOn("connecting the lenders");
    await crowd.connect();
    this.#goOn("burst");
    const answered = crowd.bid();
    await Promise.race([half, answered, ends]);
    if (killed === null) throw new BurstFailure("the burst ended before the loan was half full");
    const { atMs, raisedCents } = killed as { atMs: number; raisedCents: number };
    await ended;
    this.#goOn("burst; the server was killed with -9 and starts again");
    server.start();
    await Promise.race([operator.request("loan.get", { loanId: LOAN_ID }), ends]);
    const serveAgainMs = performance.now() - atMs;
    this.#goOn(`burst; served again after ${Math.round(serveAgainMs)} ms`);
    await Promise.race([answered, ends]);
    return { crowd, kill: { atMs, raisedCents, serveAgainMs, unanswered } };
  }

  /** Server and Redis are stopped: a Redis is started on their files only to read them. */
  async #audit(crowd: Crowd, unanswered: readonly LoggedBid[]) {
    const { folder, shards } = this.#settings;
    const journals = await journalsByFolder(join(folder, "data"), {});
    this.#undo.push(() => journals.close());
    const sources = Array.from({ length: shards }, (_, shard) =>
      journalSource({ ...journals, shard }),
    );
    const inFlight = new Set<string>(unanswered.map(({ requestId }) => requestId));
    let inFlightJournaled = 0;
    try {
      const report = await audit({
        shards: sources,
        shardOf: (address) => shardOf(address, shards),
        atRest: true,
        clientRequests: crowd.log,
        onClientRequest: ({ requestId }, settledAt) => {
          if (!inFlight.has(requestId)) return;
          const epoch = tryParsePosition(settledAt?.position ?? "")?.epoch;
          if (epoch === 1) inFlightJournaled++;
        },
      });
      return { report, inFlightJournaled };
    } finally {
      for (const source of sources) source.close();
      await journals.close();
    }
  }
}

/** Tokens as `serve` on this folder will take them; generates its secrets when there are none. */
async function tokenMaker(dataDir: string) {
  const { jwtSecret } = await loadSecrets(loadConfig({ LOANLOOM_DATA: dataDir }));
  const secret = Buffer.from(jwtSecret ?? "");
  return (subject: string, role: "client" | "operator"): Promise<string> =>
    signToken(secret, { subject, role, expiresAtMs: Date.now() + HOUR_MS });
}
