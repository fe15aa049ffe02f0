// The logs that honest clients would have kept of a journal's bids: what they sent, what they were
// told.

import type { AccountEvent } from "../../actors/account/events.ts";
import { ACTOR_KINDS } from "../../actors/address.ts";
import type { ClientOutcome, ClientRequest } from "../../src/history/client-log.ts";
import { formatPosition } from "../../src/journal/position.ts";
import { type TestJournal } from "./made-journal.ts";
import { START_MS } from "./small-world.ts";

type Sent = { -readonly [Key in keyof ClientRequest]: ClientRequest[Key] };

export function bidsOf(journal: TestJournal): ClientRequest[] {
  const requests: Sent[] = [];
  const waiting = new Map<string, Sent>();
  for (const { id, event, position } of accountEvents(journal)) {
    const told = (sent: Sent, outcome: ClientOutcome): void =>
      void Object.assign(sent, { outcome, position, acknowledgedAt: START_MS + 1 });
    if (event.type === "HoldPlaced") {
      const { requestId, loanId, amountCents, fill, holdNo } = event;
      const sent = { requestId, accountId: id, loanId, amountCents, fill, sentAt: START_MS };
      requests.push(sent);
      waiting.set(`${id}#${holdNo}`, sent);
    } else if (event.type === "BidConfirmed") {
      const { holdNo, filledCents, bidNo, remainingCents } = event;
      const outcome = { bidId: holdNo, filledCents, rank: bidNo, remainingCents };
      told(waiting.get(`${id}#${holdNo}`)!, { type: "BidPlaced", ...outcome });
    } else if (event.type === "BidRefused") {
      told(waiting.get(`${id}#${event.holdNo}`)!, { type: "Refused", code: event.refusal });
    } else if (event.type === "RequestRefused") {
      const { requestId, refusal } = event;
      const asked = { accountId: id, loanId: "autumn", amountCents: 10_000_00 };
      const sent: Sent = { requestId, ...asked, fill: "exact", sentAt: START_MS };
      told(sent, { type: "Refused", code: refusal });
      requests.push(sent);
    }
  }
  return requests;
}

function* accountEvents(
  journal: TestJournal,
): Iterable<{ id: string; event: AccountEvent; position: string }> {
  for (const [shard, entries] of journal.entries()) {
    for (const { records, position } of entries) {
      const at = `${shard}:${formatPosition(position)}`;
      for (const record of records) {
        if (record.record !== "act" || record.kind !== ACTOR_KINDS.account) continue;
        for (const event of record.events) {
          yield { id: record.id, event: event as AccountEvent, position: at };
        }
      }
    }
  }
}
