// What happens on the way to a write-off. Each event says who: a privileged change takes two.

import type { AccountId, LoanId, RequestId } from "../../address.ts";
import type { PostingSink } from "../../decider.ts";

interface Requested {
  readonly requestId: RequestId;
  readonly fingerprint: number;
  readonly maker: AccountId;
  readonly proposalNo: number;
}

export type WriteOffEvent =
  | ({ readonly type: "WriteOffProposed"; readonly reason: string } & Requested)
  | ({
      readonly type: "WriteOffReturned";
      readonly checker: AccountId;
      readonly reason: string | null;
    } & Requested)
  | ({
      readonly type: "LoanWrittenOff";
      readonly checker: AccountId;
      readonly day: number;
      readonly outstandingCents: number;
    } & Requested);

const TYPES: ReadonlySet<string> = new Set<WriteOffEvent["type"]>([
  "WriteOffProposed",
  "WriteOffReturned",
  "LoanWrittenOff",
]);

export function isWriteOffEvent(event: { readonly type: string }): event is WriteOffEvent {
  return TYPES.has(event.type);
}

/** In the memo book only: no money moves, a claim becomes a loss, and the debt stays. */
export function writeOffPostings(event: WriteOffEvent, self: LoanId, post: PostingSink): void {
  if (event.type !== "LoanWrittenOff") return;
  post("memo.lost", self, event.outstandingCents);
  post("memo.claim", self, -event.outstandingCents);
}
