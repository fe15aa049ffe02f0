// What happens on the way to a write-off. Each event says who: a privileged change takes two.

import type { AccountId, RequestId } from "../../address.ts";

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
