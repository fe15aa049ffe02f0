// Our side of the custodian's statement, from the journals alone: every movement of the custody
// account that our books have. Deposits that an operator booked by hand stand in it with the
// operator's reference, so that one which the custodian does not have is found, too.

import type { AccountEvent } from "../../actors/account/events.ts";
import { ACTOR_KINDS, withdrawalReference, type AccountId } from "../../actors/address.ts";
import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import { RecordCodec } from "../journal/records.ts";
import type { ShardSource } from "./audit.ts";

interface CustodyLine {
  readonly kind: "deposit" | "payout";
  /** The custodian's for a deposit, ours for a payout. */
  readonly reference: string;
  readonly accountId: AccountId;
  readonly amountCents: number;
  /** When the custodian booked it, as it told us; of a deposit by hand: when we did. */
  readonly bookedAtMs: number;
}

export interface CustodyLines {
  /** Shard after shard, each in the order of its journal. */
  readonly lines: readonly CustodyLine[];
  /**
   * Null when all journals are there from their first entry. Otherwise at least one was trimmed,
   * and all that was written from this time on is there.
   */
  readonly completeFromMs: number | null;
}

/** Throws a JournalError when a journal cannot be read, or was tampered with. */
export async function readCustodyLines(sources: readonly ShardSource[]): Promise<CustodyLines> {
  const codec = new RecordCodec(ACTOR_LAYOUTS, UPCASTERS);
  const lines: CustodyLine[] = [];
  let completeFromMs: number | null = null;
  for (const { entries } of sources) {
    let isFirst = true;
    let isTrimmed = false;
    for await (const { position, payload } of entries) {
      if (isFirst) isTrimmed = position.epoch !== 1 || position.seq !== 0;
      isFirst = false;
      // A take-over: nothing happened.
      if (position.seq === 0) continue;
      const { header, records } = codec.read(payload);
      if (isTrimmed) completeFromMs = Math.max(completeFromMs ?? 0, header.atMs);
      isTrimmed = false;
      for (const record of records) {
        if (record.record !== "act" || record.kind !== ACTOR_KINDS.account) continue;
        for (const event of record.events as readonly AccountEvent[]) {
          const line = lineOf(event, record.id as AccountId, record.at);
          if (line !== undefined) lines.push(line);
        }
      }
    }
  }
  return { lines, completeFromMs };
}

function lineOf(event: AccountEvent, accountId: AccountId, at: number): CustodyLine | undefined {
  switch (event.type) {
    case "Deposited": {
      const { reference, amountCents } = event;
      return { kind: "deposit", reference, accountId, amountCents, bookedAtMs: at };
    }
    case "DepositBooked": {
      const { reference, amountCents, bookedAtMs } = event;
      return { kind: "deposit", reference, accountId, amountCents, bookedAtMs };
    }
    case "WithdrawalConfirmed": {
      const { withdrawalNo, amountCents, bookedAtMs } = event;
      const reference = withdrawalReference(accountId, withdrawalNo);
      return { kind: "payout", reference, accountId, amountCents, bookedAtMs };
    }
    default:
      return undefined;
  }
}
