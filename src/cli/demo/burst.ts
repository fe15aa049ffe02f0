// One run of the demo, from an empty folder to figures: server, accounts, loan, burst with a
// kill -9 in the middle of it, twelve repayments with another, and the audits of what is in the
// journal after the burst and at the end. It judges nothing itself.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LoanloomClient, newRequestId } from "../../client/client.ts";
import { loadConfig } from "../../config.ts";
import { loadSecrets } from "../../config/secrets.ts";
import { signToken } from "../../gateway/signing.ts";
import type { AuditReport } from "../../history/report.ts";
import { tryParsePosition } from "../../journal/position.ts";
import { BORROWER_ID, MIN_BID_CENTS, planBids, STEP_CENTS, type BidPlan } from "./bid-plan.ts";
import { Crowd, type LoggedBid } from "./crowd.ts";
import { auditDemo, type DemoAuditOptions } from "./demo-audit.ts";
import { BurstFailure, DemoServer } from "./demo-server.ts";
import { LegWitness } from "./leg-witness.ts";
import { LOAN_ID, type BurstFigures, type BurstSettings } from "./figures.ts";
import { LenderStreams } from "./lender-streams.ts";
import { LENDING_TERMS } from "./loan-terms.ts";
import { KILLED_INSTALMENT, Repayments, type RepaymentFigures } from "./repayments.ts";
import type { ScreenState } from "./screen.ts";

const HOUR_MS = 3_600_000;
/** Accounts that are opened in one go. */
const OPENED_AT_ONCE = 500;
/** Epochs of the server that is killed in the burst, and of the one that is killed in a month. */
const FIRST_LIFE = 1;
const SECOND_LIFE = 2;
/** Lenders whose streams are shown. */
const SHOWN_LENDERS = 5;

export class Burst {
  readonly #settings: BurstSettings;
  readonly #plan: BidPlan;
  readonly #undo: (() => Promise<void> | void)[] = [];
  #crowd: Crowd | null = null;
  #server: DemoServer | null = null;
  #repayments: Repayments | null = null;
  readonly #streams = new LenderStreams();
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
      months: this.#repayments?.months ?? null,
      shown: this.#streams.latest(this.#shown),
    };
  }

  /** A few of the lenders, from all over the list. */
  get #shown(): readonly string[] {
    const { lenders } = this.#settings;
    const places = Array.from({ length: SHOWN_LENDERS }, (_, nth) => nth / SHOWN_LENDERS);
    const bidders = places.map((place) => this.#plan.bidders[Math.floor(place * lenders)]!);
    return [...new Set(bidders.map(({ accountId }) => accountId))];
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
        LOANLOOM_BUSINESS_DATES: "operator",
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
    this.#goOn("auditing the burst, beside the server");
    const burst = await this.#auditBurst(crowd, kill.unanswered);
    const repayment = await this.#repay(server, operator, crowd, ends);
    this.#goOn("stopping server and Redis");
    crowd.close();
    operator.close();
    await server.stop();
    this.#goOn("auditing what is on the disk");
    const witness = new LegWitness(LOAN_ID);
    const report = await this.#audit({ atRest: true, clientRequests: crowd.log, witness });
    const { logs, failures } = this.#streams;
    const { atMs, raisedCents, serveAgainMs, unanswered } = kill;
    const { inFlightJournaled } = burst;
    return {
      settings: this.#settings,
      plan: this.#plan,
      log: crowd.log,
      failures: [...crowd.failures, ...failures],
      burstReport: burst.report,
      report,
      kill: {
        atMs,
        raisedCents,
        inFlight: unanswered.length,
        inFlightJournaled,
        serveAgainMs,
      },
      repayment,
      legs: witness.compare(logs.values()),
      legsBeforeKill: witness.receivedIn(SECOND_LIFE) - (KILLED_INSTALMENT - 1) * repayment.holders,
      accounts: [...logs.values()],
      tookMs: performance.now() - startedMs,
    };
  }

  async #repay(
    server: DemoServer,
    operator: LoanloomClient,
    crowd: Crowd,
    ends: Promise<never>,
  ): Promise<RepaymentFigures> {
    this.#goOn("the lenders watch their accounts");
    await Promise.race([this.#streams.watch(crowd.clients), ends]);
    this.#repayments = new Repayments({
      loanId: LOAN_ID,
      server,
      operator,
      streams: this.#streams,
      holders: crowd.holders.size,
      ends,
      allConnected: () => crowd.allConnected(),
      goOn: (phase) => this.#goOn(phase),
    });
    return this.#repayments.run();
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
      ...LENDING_TERMS,
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

  async #auditBurst(crowd: Crowd, unanswered: readonly LoggedBid[]) {
    const inFlight = new Set<string>(unanswered.map(({ requestId }) => requestId));
    let inFlightJournaled = 0;
    const report = await this.#audit({
      atRest: false,
      clientRequests: crowd.log,
      onClientRequest: ({ requestId }, settledAt) => {
        if (!inFlight.has(requestId)) return;
        const epoch = tryParsePosition(settledAt?.position ?? "")?.epoch;
        if (epoch === FIRST_LIFE) inFlightJournaled++;
      },
    });
    return { report, inFlightJournaled };
  }

  #audit(asked: Omit<DemoAuditOptions, "folder" | "shards" | "undo">): Promise<AuditReport> {
    const { folder, shards } = this.#settings;
    return auditDemo({ ...asked, folder, shards, undo: (step) => void this.#undo.push(step) });
  }
}

/** Tokens as `serve` on this folder will take them; generates its secrets when there are none. */
async function tokenMaker(dataDir: string) {
  const { jwtSecret } = await loadSecrets(loadConfig({ LOANLOOM_DATA: dataDir }));
  const secret = Buffer.from(jwtSecret ?? "");
  return (subject: string, role: "client" | "operator"): Promise<string> =>
    signToken(secret, { subject, role, expiresAtMs: Date.now() + HOUR_MS });
}
