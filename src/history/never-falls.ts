// What later programs write and earlier ones did not. In a shard one program follows another, and
// none goes back: a later one's journal cannot be read by an earlier one. So what an event says of
// the version that wrote it never falls, of trimmed journals too.

import type { AccountEvent } from "../../actors/account/events.ts";
import type { LoanEvent } from "../../actors/loan/events.ts";
import type { Findings } from "./report.ts";

/** What was seen last in a shard. */
export class NeverFalls {
  #rules = 0;
  #byStandingBids = false;
  #isReferenceKept = false;

  see(name: string, event: AccountEvent | LoanEvent, findings: Findings): void {
    if (event.type === "LoanDisbursed") this.#disbursed(name, event.rules, findings);
    else if (event.type === "LoanCollected") this.#collected(name, event.byStandingBids, findings);
    // Without a reference there is nothing to keep.
    else if (event.type === "Deposited" && event.reference !== "") {
      this.#deposited(name, event.isReferenceKept, findings);
    }
  }

  #disbursed(name: string, rules: number, findings: Findings): void {
    const before = this.#rules;
    findings.expect(
      rules >= before,
      "disbursement_wrong",
      () => `${name}: reckoned by rules ${rules}, an earlier loan by ${before}`,
    );
    this.#rules = rules;
  }

  #collected(name: string, byStandingBids: boolean, findings: Findings): void {
    findings.expect(
      byStandingBids || !this.#byStandingBids,
      "share_wrong",
      () => `${name}: lenders by their first bids, of an earlier loan by those that stand`,
    );
    this.#byStandingBids = byStandingBids;
  }

  #deposited(name: string, isReferenceKept: boolean, findings: Findings): void {
    findings.expect(
      isReferenceKept || !this.#isReferenceKept,
      "event_impossible",
      () => `${name}: the reference of a deposit is not kept, an earlier one is`,
    );
    this.#isReferenceKept = isReferenceKept;
  }
}
