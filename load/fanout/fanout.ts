// One run of the fan-out benchmark from set-up to the check of the final state.

import { resolve } from "node:path";
import { openLoans } from "./lent-loans.ts";
import { planLoans, SERVICE_FEE_BPS, SHARE_CENTS, type FanoutLoan } from "./planned-loans.ts";
import {
  Borrower,
  durableLegs,
  measureLastPush,
  measureRepayments,
  Watchers,
  type FanoutFigures,
} from "./repayments.ts";
import type { Latencies } from "../driver/latency.ts";
import { describeMachine, type Machine } from "../machine/machine.ts";
import { DEPOSIT_CENTS, Market } from "../driver/market.ts";
import { lenderNames } from "../bench/phases.ts";
import { WrongState } from "../command/exit-codes.ts";
import { Progress } from "../bench/progress.ts";
import type { Endpoint } from "../driver/raw-socket.ts";
import { newSecret, ServerProcess } from "../machine/server-process.ts";
import { Tokens } from "../driver/tokens.ts";
import { CONNECTS_AT_ONCE, eachAtOnce } from "../driver/at-once.ts";

export interface FanoutOptions {
  readonly loans: number;
  readonly lenders: number;
  readonly accounts: number;
  readonly inFlight: number;
  readonly rounds: number;
  readonly warmUp: number;
  readonly duration: number;
  readonly pushes: number;
  readonly growth: readonly number[];
  readonly folder: string;
  readonly profileFolder: string | null;
}

interface GrowthFigures {
  readonly lenders: number;
  readonly serial: FanoutFigures;
  readonly lastPush: Latencies;
}

export interface FanoutResult {
  readonly machine: Machine;
  readonly options: Omit<FanoutOptions, "folder" | "profileFolder">;
  readonly serial: readonly FanoutFigures[];
  readonly parallel: readonly FanoutFigures[];
  readonly lastPush: Latencies;
  readonly growth: readonly GrowthFigures[];
}

const BOOKED_WITHIN_MS = 10_000;
/**
 * A loan of few lenders would be used up: no part that is repaid early is below 100.00.
 * So there are several of them, repaid in turn.
 */
const GROWN_LENDERS_MIN = 100;

export async function measureFanout(options: FanoutOptions): Promise<FanoutResult> {
  const { folder, profileFolder, ...shown } = options;
  const machine = describeMachine(folder);
  const growth = options.growth.filter((lenders) => lenders <= options.accounts);
  const progress = new Progress(options.rounds * 2 + 1 + growth.length);
  const jwtSecret = newSecret();
  const server = await ServerProcess.start({
    folder,
    jwtSecret,
    environment: { LOANLOOM_BUSINESS_DATES: "operator" },
    nodeArguments:
      profileFolder === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(profileFolder)}`],
  });
  try {
    const tokens = new Tokens(jwtSecret);
    const { endpoint } = server;
    const market = await Market.open(endpoint, tokens);
    const accounts = lenderNames(options.accounts);
    await market.openAccounts(accounts);
    const loans = planLoans("loan", options.loans, options.lenders, accounts);
    const grown = growth.map((lenders) => {
      return planLoans(`n${lenders}`, Math.ceil(GROWN_LENDERS_MIN / lenders), lenders, accounts);
    });
    const all = [...loans, ...grown.flat()];
    await openLoans(market, endpoint, tokens, all, progress);
    await untilPaidOut(market, all);
    const timing = { warmUpMs: options.warmUp, measuredMs: options.duration };
    const borrowers = await connectAll(loans, (loan) => Borrower.connect(endpoint, tokens, loan));
    const serial: FanoutFigures[] = [];
    const parallel: FanoutFigures[] = [];
    for (let round = 0; round < options.rounds; round++) {
      progress.show(`round ${round + 1}: one repayment at a time`);
      serial.push(await measureRepayments(borrowers, 1, server, timing));
      progress.step();
      progress.show(`round ${round + 1}: ${options.inFlight} at the same time`);
      parallel.push(await measureRepayments(borrowers, options.inFlight, server, timing));
      progress.step();
    }
    progress.show("the last push");
    const lastPush = await timeLastPush(borrowers[0]!, options.pushes);
    progress.step();
    const growthFigures: GrowthFigures[] = [];
    const grownBorrowers: Borrower[] = [];
    for (const alike of grown) {
      const lenders = alike[0]!.lenders.length;
      progress.show(`${lenders} lenders`);
      const own = await connectAll(alike, (loan) => Borrower.connect(endpoint, tokens, loan));
      grownBorrowers.push(...own);
      growthFigures.push({
        lenders,
        serial: await measureRepayments(own, 1, server, timing),
        lastPush: await timeLastPush(own[0]!, Math.min(options.pushes, 100)),
      });
      progress.step();
    }
    const everybody = [...borrowers, ...grownBorrowers];
    await untilAllBooked(endpoint, everybody);
    await checkLoans(market, everybody);
    await checkLenders(market, accounts, everybody);
    for (const borrower of everybody) borrower.close();
    market.close();
    return { machine, options: shown, serial, parallel, lastPush, growth: growthFigures };

    async function timeLastPush(borrower: Borrower, repayments: number): Promise<Latencies> {
      const watchers = await Watchers.open(endpoint, tokens, borrower.loan.lenders);
      try {
        return await measureLastPush(borrower, watchers, repayments);
      } finally {
        watchers.close();
      }
    }
  } finally {
    progress.end();
    await server.stop();
  }
}

async function connectAll<T>(
  loans: readonly FanoutLoan[],
  connect: (loan: FanoutLoan) => Promise<T>,
): Promise<T[]> {
  const connected: T[] = [];
  await eachAtOnce(loans.entries(), CONNECTS_AT_ONCE, async ([place, loan]) => {
    connected[place] = await connect(loan);
  });
  return connected;
}

async function untilPaidOut(market: Market, loans: readonly FanoutLoan[]): Promise<void> {
  const names = loans.map(({ loanId }) => loanId);
  for (;;) {
    const views = await market.loans(names);
    if (views.every((view) => view["status"] === "repaying")) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Answers do not wait for the last leg. */
async function untilAllBooked(endpoint: Endpoint, borrowers: readonly Borrower[]): Promise<void> {
  let legs = 0;
  for (const { loan, told } of borrowers) legs += loan.lenders.length * told.repayments;
  const untilMs = performance.now() + BOOKED_WITHIN_MS;
  for (;;) {
    const booked = await durableLegs({ endpoint });
    if (booked >= legs) return;
    if (performance.now() > untilMs) throw new WrongState(`${booked} of ${legs} legs were booked`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Each loan must owe what its borrower was told, after as many clearings. */
async function checkLoans(market: Market, borrowers: readonly Borrower[]): Promise<void> {
  const views = await market.loans(borrowers.map(({ loan }) => loan.loanId));
  borrowers.forEach(({ loan, told }, place) => {
    const { clearings, outstandingCents } = views[place]!;
    const owedCents = loan.lenders.length * SHARE_CENTS - told.principalCents;
    if (clearings === told.repayments && outstandingCents === owedCents) return;
    throw new WrongState(
      `loan ${loan.loanId} owes ${String(outstandingCents)} after ${String(clearings)} clearings; ` +
        `its borrower was told ${owedCents} after ${told.repayments}`,
    );
  });
}

/** Lenders must have what they had, less what they lent, plus what came back net of the fee. */
async function checkLenders(
  market: Market,
  accounts: readonly string[],
  borrowers: readonly Borrower[],
): Promise<void> {
  let expectedCents = accounts.length * DEPOSIT_CENTS;
  let legs = 0;
  for (const { loan, told } of borrowers) {
    const feeCents = (told.incomeCents * SERVICE_FEE_BPS) / 10_000;
    expectedCents += told.principalCents + told.incomeCents - feeCents;
    expectedCents -= loan.lenders.length * SHARE_CENTS;
    legs += loan.lenders.length * told.repayments;
  }
  const isCents = await market.availableCents(accounts);
  // Each leg's fee is rounded by half a cent at most.
  if (Math.abs(isCents - expectedCents) <= legs / 2) return;
  throw new WrongState(`lenders have ${isCents} cents, by the borrowers' answers ${expectedCents}`);
}
