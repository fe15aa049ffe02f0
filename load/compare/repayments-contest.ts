// Repayments to a thousand lenders: one peer in one round, one at a time and many at once, then its
// books. Ourselves run by the fan-out benchmark, with its own checks; others by the same borrowers.

import { join } from "node:path";
import { lenderNames, type Timing } from "../bench/phases.ts";
import { DEPOSIT_CENTS } from "../driver/market.ts";
import { Tokens } from "../driver/tokens.ts";
import { measureFanout } from "../fanout/fanout.ts";
import { planLoans, SHARE_CENTS } from "../fanout/planned-loans.ts";
import { Borrower, measureRepayments, type FanoutFigures } from "../fanout/repayments.ts";
import { checkBooks } from "../peers/books.ts";
import type { Peer } from "../peers/peer.ts";
import type { PeerWorld } from "../peers/store.ts";

export interface RepaymentsPlan extends Timing {
  readonly loans: number;
  readonly lenders: number;
  readonly accounts: number;
  readonly inFlight: number;
  readonly jwtSecret: string;
}

export interface RepaymentsRun {
  readonly serial: FanoutFigures;
  readonly parallel: FanoutFigures;
}

/** Throws WrongState when the books are not what borrowers were told: then it has no figure. */
export async function contestRepayments(
  peer: Peer,
  plan: RepaymentsPlan,
  folder: string,
  onStep: (text: string) => void,
): Promise<RepaymentsRun> {
  if (peer.key === "loanloom") return ourselves(plan, folder, onStep);
  const accounts = lenderNames(plan.accounts);
  const loans = planLoans("loan", plan.loans, plan.lenders, accounts);
  const world: PeerWorld = {
    accounts: [...accounts, ...loans.map(({ borrowerId }) => borrowerId)],
    depositCents: DEPOSIT_CENTS,
    loans: loans.map((loan) => ({ ...loan, principalCents: loan.lenders.length * SHARE_CENTS })),
  };
  const { jwtSecret, inFlight } = plan;
  onStep("starting");
  const running = await peer.start({ folder, world, jwtSecret });
  try {
    const { endpoint } = running.target;
    const tokens = new Tokens(jwtSecret);
    const borrowers: Borrower[] = [];
    for (const loan of loans) borrowers.push(await Borrower.connect(endpoint, tokens, loan));
    onStep("one repayment at a time");
    const serial = await measureRepayments(borrowers, 1, running.target, plan);
    onStep(`${inFlight} at the same time`);
    const parallel = await measureRepayments(borrowers, inFlight, running.target, plan);
    for (const { postingsPerSecond } of [serial, parallel]) {
      if (postingsPerSecond === 0) throw new Error("nothing was answered while it was measured");
    }
    onStep("checking the books");
    const told = borrowers.map(({ loan, told: { principalCents, repayments } }) => ({
      loanId: loan.loanId,
      filledCents: 0,
      bids: 0,
      repaidCents: principalCents,
      repayments,
      lenders: loan.lenders.length,
    }));
    checkBooks(await running.books!(), told, world.accounts.length * DEPOSIT_CENTS);
    for (const borrower of borrowers) borrower.close();
    return { serial, parallel };
  } catch (error) {
    throw running.failure() ?? error;
  } finally {
    await running.stop();
  }
}

async function ourselves(
  plan: RepaymentsPlan,
  folder: string,
  onStep: (text: string) => void,
): Promise<RepaymentsRun> {
  onStep("with bench:fanout");
  const { warmUpMs: warmUp, measuredMs: duration, loans, lenders, accounts, inFlight } = plan;
  const result = await measureFanout({
    ...{ loans, lenders, accounts, inFlight, warmUp, duration },
    rounds: 1,
    // The least that it measures: the time to the last push is bench:fanout's to tell.
    pushes: 1,
    growth: [],
    folder: join(folder, "fanout"),
    profileFolder: null,
  });
  return { serial: result.serial[0]!, parallel: result.parallel[0]! };
}
