// What comes after the burst: the loan is paid out, and the clock is moved from one due date to the
// next until it is settled. In one of the months the server is killed with -9 between the payment
// of the borrower and the last lender's leg. It judges nothing.

import type { AccountEntry, LoanloomClient } from "../../client/client.ts";
import { BORROWER_ID } from "./bid-plan.ts";
import { LENDING_TERMS } from "./loan-terms.ts";
import { BurstFailure, type DemoServer } from "./demo-server.ts";
import type { LenderStreams } from "./lender-streams.ts";

/** The instalment in which the server is killed. */
export const KILLED_INSTALMENT = 6;
/** Over a kill and a start, with room for a slow machine. */
const ANSWER_MS_MAX = 60_000;

export interface MonthFigures {
  readonly instalment: number;
  /** From asking for the due date to the push of the last lender's leg. */
  readonly lastPushMs: number;
  readonly killed: boolean;
}

export interface RepaymentKill {
  /** Lenders that had been told of their leg at the kill. */
  readonly told: number;
  /** From the kill to the first answer about the loan. */
  readonly serveAgainMs: number;
}

interface Killed {
  readonly atMs: number;
  readonly told: number;
}

export interface RepaymentFigures {
  readonly holders: number;
  /** From the operator's confirmation to the borrower's push of the money. */
  readonly disbursedMs: number;
  readonly months: readonly MonthFigures[];
  readonly kill: RepaymentKill;
}

export interface RepaymentOptions {
  readonly loanId: string;
  readonly server: DemoServer;
  readonly operator: LoanloomClient;
  readonly streams: LenderStreams;
  readonly holders: number;
  /** Rejects when the run is over before its time. */
  readonly ends: Promise<never>;
  /** Resolves when every client is connected. */
  readonly allConnected: () => Promise<void>;
  /** What is being done now, for the screen. Throws when the run was ended. */
  readonly goOn: (phase: string) => void;
}

export class Repayments {
  readonly #o: RepaymentOptions;
  readonly #months: MonthFigures[] = [];
  #kill: RepaymentKill | null = null;

  constructor(options: RepaymentOptions) {
    this.#o = options;
  }

  /** Instalments that all lenders were told of. */
  get months(): readonly MonthFigures[] {
    return this.#months;
  }

  async run(): Promise<RepaymentFigures> {
    const { goOn, holders } = this.#o;
    goOn("paying the loan out");
    const disbursedMs = await this.#disburse();
    for (let instalment = 1; instalment <= LENDING_TERMS.term; instalment++) {
      goOn(`month ${instalment} of ${LENDING_TERMS.term}: the borrower repays`);
      await this.#month(instalment);
    }
    if (this.#kill === null) throw new BurstFailure("no month was killed");
    return { holders, disbursedMs, months: this.#months, kill: this.#kill };
  }

  async #disburse(): Promise<number> {
    const { operator, loanId } = this.#o;
    const sentMs = performance.now();
    const paidOut = this.#nextEntry("disbursement");
    await this.#orEnds(operator.request("loan.confirm", { loanId }));
    return (await this.#orEnds(paidOut)) - sentMs;
  }

  async #month(instalment: number): Promise<void> {
    const { operator, streams, loanId, holders } = this.#o;
    const { nextDueOn } = await this.#orEnds(operator.request("loan.get", { loanId }));
    if (nextDueOn === null) throw new BurstFailure(`nothing falls due in month ${instalment}`);
    const killed = instalment === KILLED_INSTALMENT;
    const sentMs = performance.now();
    const advanced = operator.request(
      "calendar.advance",
      { day: nextDueOn },
      { timeoutMs: ANSWER_MS_MAX },
    );
    // Heard of where it is waited for, after what comes in between.
    advanced.catch(() => undefined);
    if (killed) {
      const gone = await this.#orEnds(this.#killInBetween(instalment));
      this.#kill = await this.#startAgain(gone, instalment);
    }
    await this.#orEnds(advanced);
    await this.#orEnds(streams.until(() => streams.clearing(instalment).legs >= holders));
    // Those that heard of it before the kill may still be on their way back.
    if (killed) await this.#orEnds(this.#o.allConnected());
    const lastPushMs = streams.clearing(instalment).lastAtMs - sentMs;
    this.#months.push({ instalment, lastPushMs, killed });
  }

  /**
   * Halfway through what the fastest month took, and at the first word of the payment at the
   * latest: the legs are under way. Resolves when the server is gone.
   */
  #killInBetween(instalment: number): Promise<Killed> {
    const { server, streams } = this.#o;
    const halfMs = Math.min(...this.#months.map(({ lastPushMs }) => lastPushMs)) / 2;
    return new Promise((resolve, reject) => {
      const kill = (): void => {
        clearTimeout(timer);
        streams.onEntry = () => undefined;
        const killed = { atMs: performance.now(), told: streams.clearing(instalment).legs };
        server.kill().then(() => resolve(killed), reject);
      };
      const timer = setTimeout(kill, halfMs);
      streams.onEntry = kill;
    });
  }

  async #startAgain({ atMs, told }: Killed, instalment: number): Promise<RepaymentKill> {
    const { server, operator, loanId, goOn } = this.#o;
    goOn(`month ${instalment}: killed with -9 while the legs were paid; it starts again`);
    server.start();
    const timeoutMs = ANSWER_MS_MAX;
    await this.#orEnds(operator.request("loan.get", { loanId }, { timeoutMs }));
    return { told, serveAgainMs: performance.now() - atMs };
  }

  /** The time of the borrower's next entry of this kind. */
  #nextEntry(kind: AccountEntry["kind"]): Promise<number> {
    const { streams } = this.#o;
    const log = streams.logs.get(BORROWER_ID)!;
    let atMs = 0;
    return streams
      .until(() => {
        const isThere = log.entries.at(-1)?.kind === kind;
        if (isThere) atMs = performance.now();
        return isThere;
      })
      .then(() => atMs);
  }

  #orEnds<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#o.ends]);
  }
}
