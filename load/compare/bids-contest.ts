// Hot bids: one peer in one round, every shape once, then its books. All peers get the same client
// processes, the same frames and the same loans.

import type { ClientFleet } from "../bench/client-fleet.ts";
import { lenderNames, phaseBids, runPhase } from "../bench/phases.ts";
import { WrongState } from "../command/exit-codes.ts";
import type { Phase, PhaseRun, Shape, Timing } from "../bench/phases.ts";
import { mergeLatencies, type Latencies } from "../driver/latency.ts";
import { BID_CENTS, DEPOSIT_CENTS } from "../driver/market.ts";
import { Tokens } from "../driver/tokens.ts";
import { checkBooks, type ToldOfLoan } from "../peers/books.ts";
import type { Peer, RunningPeer } from "../peers/peer.ts";
import type { PeerWorld } from "../peers/store.ts";

const PRINCIPAL_CENTS = 1_000_000_000_000;

export const SHAPES: Readonly<Record<string, Shape>> = {
  wide: { sockets: 64, inFlight: 16 },
  single: { sockets: 64, inFlight: 1 },
  alone: { sockets: 1, inFlight: 1 },
};

/**
 * The slowest peers answer what is in flight at the widest shape in the better part of a minute.
 */
const DRAIN_MS = 120_000;

/** What a peer did at one shape in one round. */
export interface BidsRun extends PhaseRun {
  readonly direct: { readonly perSecond: number; readonly latencies: Latencies } | null;
}

export interface BidsPlan extends Timing {
  readonly shapes: readonly string[];
  readonly jwtSecret: string;
  /** Also without sockets, where a peer has a gateway to leave out. */
  readonly direct: boolean;
}

const phaseOf = (shape: string): Phase => ({
  key: shape,
  target: "server",
  shape: SHAPES[shape]!,
  loans: 1,
});

const loanOf = (shape: string): string => phaseBids(phaseOf(shape))[0]!.loanId;
const directLoanOf = (shape: string): string => `${shape}-direct`;

/** Throws WrongState when the books are not what clients were told: then it has no figure. */
export async function contestBids(
  peer: Peer,
  plan: BidsPlan,
  fleet: ClientFleet,
  folder: string,
  onStep: (text: string) => void,
): Promise<readonly BidsRun[]> {
  const { shapes, jwtSecret } = plan;
  const accounts = lenderNames(Math.max(...shapes.map((shape) => SHAPES[shape]!.sockets)));
  const loans = shapes.flatMap((shape) => [loanOf(shape), directLoanOf(shape)]);
  const world: PeerWorld = {
    accounts,
    depositCents: DEPOSIT_CENTS,
    loans: loans.map((loanId) => ({
      loanId,
      principalCents: PRINCIPAL_CENTS,
      borrowerId: null,
      lenders: [],
    })),
  };
  onStep("starting");
  const running = await peer.start({ folder, world, jwtSecret });
  try {
    const told = new Map(loans.map((loanId) => [loanId, untold(loanId)]));
    const runs: BidsRun[] = [];
    for (const shape of shapes) {
      onStep(shape);
      runs.push(await runShape(shape, running, plan, fleet, accounts, told));
    }
    onStep("checking the books");
    await check(running, [...told.values()], accounts.length * DEPOSIT_CENTS);
    return runs;
  } catch (error) {
    throw running.failure() ?? error;
  } finally {
    await running.stop();
  }
}

async function runShape(
  shape: string,
  running: RunningPeer,
  plan: BidsPlan,
  fleet: ClientFleet,
  accounts: readonly string[],
  told: Map<string, ToldOfLoan>,
): Promise<BidsRun> {
  const phase = phaseOf(shape);
  const { sockets, inFlight } = phase.shape;
  const tokens = new Tokens(plan.jwtSecret);
  const lenders = accounts.slice(0, sockets);
  const subprotocols = lenders.map((lender) => tokens.subprotocols(lender, "client"));
  const { run, result } = await runPhase(phase, running.target, fleet, subprotocols, {
    ...plan,
    drainMs: DRAIN_MS,
  });
  if (run.perSecond === 0) throw new Error(`${shape}: nothing was answered while it was measured`);
  const filledCents = result.filledCentsByLoan[0]!;
  const loanId = loanOf(shape);
  told.set(loanId, { ...untold(loanId), filledCents, bids: result.acknowledged });
  if (running.direct === null || !plan.direct) return { ...run, direct: null };
  const directLoanId = directLoanOf(shape);
  const direct = await running.direct({
    accounts: lenders,
    inFlightEach: inFlight,
    loanId: directLoanId,
    amountCents: BID_CENTS,
    // Gateway and store are warm from the run before.
    warmUpMs: plan.warmUpMs / 4,
    measuredMs: plan.measuredMs,
  });
  const { acknowledged } = direct;
  told.set(directLoanId, {
    ...untold(directLoanId),
    filledCents: acknowledged * BID_CENTS,
    bids: acknowledged,
  });
  const latencies = mergeLatencies([direct.latencies]);
  return { ...run, direct: { perSecond: direct.perSecond, latencies } };
}

async function check(
  running: RunningPeer,
  told: readonly ToldOfLoan[],
  depositedCents: number,
): Promise<void> {
  if (running.books !== null) checkBooks(await running.books(), told, depositedCents);
  if (running.stored === null) return;
  const stored = await running.stored();
  const answered = told.reduce((sum, { bids }) => sum + bids, 0);
  if (stored !== answered) {
    throw new WrongState(`it has stored ${stored} messages, its clients got ${answered} back`);
  }
}

function untold(loanId: string): ToldOfLoan {
  return { loanId, filledCents: 0, bids: 0, repaidCents: 0, repayments: 0, lenders: 0 };
}
