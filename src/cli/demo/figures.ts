// What one run of the demo was asked for, and what it measured.

import type { AuditReport } from "../../history/report.ts";
import type { BidPlan } from "./bid-plan.ts";
import type { LoggedBid } from "./crowd.ts";
import type { LegFigures } from "./leg-witness.ts";
import type { AccountLog } from "./lender-streams.ts";
import type { RepaymentFigures } from "./repayments.ts";

export const LOAN_ID = "spring-promotion";

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
  /** At the end of the burst, before the loan is paid out. */
  readonly burstReport: AuditReport;
  /** At the end of all, when server and Redis had stopped. */
  readonly report: AuditReport;
  readonly kill: KillFigures;
  readonly repayment: RepaymentFigures;
  readonly legs: LegFigures;
  /** Legs of the killed month that the journal had when the server was gone. */
  readonly legsBeforeKill: number;
  readonly accounts: readonly AccountLog[];
  readonly tookMs: number;
}

interface KillFigures {
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
