// Writing a defaulted loan off: one operator proposes, another confirms. The debt stays, and what
// comes back of it is divided among the holders as before; only that
// it is expected no more is said.

import type { AccountId, LoanId } from "../../address.ts";
import type { RequestStamp } from "../../decider.ts";
import { wasPaidOut, type MarketLoan } from "../loan.ts";
import { outstandingCents } from "../repayment/repayment.ts";

/** The maker's word, which waits for the checker's. Numbered from 1. */
export interface WriteOffProposal {
  readonly proposalNo: number;
  readonly maker: AccountId;
  readonly reason: string;
}

/** What was written off, on whose two words. */
export interface WriteOffDone extends WriteOffProposal {
  readonly checker: AccountId;
  readonly day: number;
  /** Principal outstanding on that day. */
  readonly writtenOffCents: number;
}

export interface WriteOff {
  /** Proposals made so far. */
  proposals: number;
  /** The one that waits. */
  proposal: WriteOffProposal | null;
  done: WriteOffDone | null;
}

export function newWriteOff(): WriteOff {
  return { proposals: 0, proposal: null, done: null };
}

/** `by` is the operator who asks: the subject of the token. */
type OfOperator = { readonly loanId: LoanId; readonly by: AccountId } & RequestStamp;

export type WriteOffRequest =
  | ({ readonly type: "ProposeWriteOff"; readonly reason: string } & OfOperator)
  | ({
      readonly type: "DecideWriteOff";
      /** The number of the proposal that was read: another may have taken its place. */
      readonly proposal: number;
      readonly answer: "confirm" | "return";
      readonly reason: string | null;
    } & OfOperator);

export interface WriteOffView {
  readonly loanId: LoanId;
  readonly status: MarketLoan["status"];
  /** The proposal that waits or was confirmed; null when there is none, with all that follows. */
  readonly proposal: number | null;
  readonly maker: AccountId | null;
  readonly reason: string | null;
  readonly checker: AccountId | null;
  readonly writtenOffOn: number | null;
  readonly writtenOffCents: number | null;
  /** Principal that came back since. */
  readonly recoveredCents: number | null;
}

const NOTHING = {
  proposal: null,
  maker: null,
  reason: null,
  checker: null,
  writtenOffOn: null,
  writtenOffCents: null,
  recoveredCents: null,
} as const;

/** For operators and auditors: lenders see in the loan's view what it came to. */
export function writeOffView(loan: MarketLoan): WriteOffView {
  const { loanId, status } = loan;
  if (!wasPaidOut(loan)) return { loanId, status, ...NOTHING };
  const { writeOff } = loan.repayment;
  const word = writeOff.done ?? writeOff.proposal;
  if (word === null) return { loanId, status, ...NOTHING };
  const { proposalNo: proposal, maker, reason } = word;
  const proposed = { ...NOTHING, loanId, status, proposal, maker, reason };
  if (writeOff.done === null) return proposed;
  const { checker, day: writtenOffOn, writtenOffCents } = writeOff.done;
  const recoveredCents = writtenOffCents - outstandingCents(loan.repayment);
  return { ...proposed, checker, writtenOffOn, writtenOffCents, recoveredCents };
}

/** Plain values for the snapshot of the loan. */
export function writeOffValues({ proposals, proposal, done }: WriteOff): unknown[] {
  const waits = proposal === null ? null : [proposal.proposalNo, proposal.maker, proposal.reason];
  if (done === null) return [proposals, waits, null];
  const { proposalNo, maker, reason, checker, day, writtenOffCents } = done;
  return [proposals, waits, [proposalNo, maker, reason, checker, day, writtenOffCents]];
}

export function restoreWriteOff(values: readonly unknown[] | null): WriteOff {
  if (values === null) return newWriteOff();
  const [proposals, waits, ended] = values as [number, readonly unknown[] | null, Ended | null];
  const proposal = waits === null ? null : proposalIn(waits);
  if (ended === null) return { proposals, proposal, done: null };
  const [checker, day, writtenOffCents] = ended.slice(3) as [AccountId, number, number];
  return { proposals, proposal, done: { ...proposalIn(ended), checker, day, writtenOffCents } };
}

type Ended = readonly unknown[];

function proposalIn([proposalNo, maker, reason]: readonly unknown[]): WriteOffProposal {
  return {
    proposalNo: proposalNo as number,
    maker: maker as AccountId,
    reason: reason as string,
  };
}
