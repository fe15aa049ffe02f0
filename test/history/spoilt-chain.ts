// Journals whose entries, numbers or messages are spoilt, by the check that must find it.

import type { Check } from "../../src/history/report.ts";
import {
  arrival,
  change,
  find,
  lastEntry,
  received,
  tampered,
  withHead,
  type Loose,
  type Spoil,
} from "./spoil.ts";

export const SPOILT_CHAIN = {
  chain_broken: {
    "a source that finds a wrong MAC": (journal) => ({ shards: tampered(journal) }),
  },
  behind_anchor: {
    "a source that finds less than was anchored": (journal) => ({
      shards: tampered(journal, "journal_behind_anchor"),
    }),
  },
  anchor_invalid: {
    "a source that finds a forged anchor": (journal) => ({
      shards: tampered(journal, "anchor_invalid"),
    }),
  },
  snapshots_differ: {
    "a source that finds an older snapshot": (journal) => ({
      shards: tampered(journal, "snapshots_differ"),
    }),
  },
  entry_unreadable: {
    "bytes of no batch": (journal) => void (lastEntry(journal, 0).bytes = Buffer.from([0x93, 9])),
    "cut bytes": (journal) => void (lastEntry(journal, 0).bytes = Buffer.from([0x94, 1])),
  },
  entry_id_gap: {
    "an entry is missing": (journal) => void journal[1]!.splice(1, 1),
    "an epoch is missing": (journal) => {
      for (const { position } of journal[0]!.slice(-2)) Object.assign(position, { epoch: 7 });
    },
  },
  fence_passed: {
    "an epoch without a take-over": (journal) => {
      const taken = journal[0]!.findIndex(({ position }) => position.epoch === 2);
      journal[0]!.splice(taken, 1);
    },
    "the old owner goes on": (journal) => {
      const at = { epoch: 1, seq: 3 };
      journal[0]!.push({ position: at, header: null, records: [], bytes: Buffer.from([0x90]) });
    },
  },
  head_differs: {
    "a head before the last entry": (journal) => ({
      shards: withHead(journal, { epoch: 2, seq: 0 }),
    }),
    "a head after the last entry": (journal) => ({
      shards: withHead(journal, { epoch: 2, seq: 9 }),
    }),
    "no head": (journal) => ({ shards: withHead(journal, null) }),
    "a head of no entry, while the server runs": (journal) => ({
      shards: withHead(journal, { epoch: 2, seq: 9 }),
      atRest: false,
    }),
  },
  record_number_gap: {
    "a counter that jumps": (journal) => void lastEntry(journal, 0).header!.firstRecordNo++,
    "a record that is gone": (journal) => void journal[1]![1]!.records.pop(),
  },
  message_number_gap: {
    "a counter that jumps": (journal) => void lastEntry(journal, 0).header!.firstMessageNo++,
  },
  version_gap: {
    "a version left out": (journal) => void find(journal, "HoldPlaced", "ann", 1).act.version++,
    "a version for an answer": (journal) => void (find(journal, "BidDeclined").act.version = 2),
  },
  actor_in_wrong_shard: {
    "a record in the other shard": (journal) => {
      const { entry, index } = find(journal, "Deposited", "ann");
      const [record] = entry.records.splice(index, 1);
      journal[1]![1]!.records.push(record!);
    },
  },
  message_not_pending: {
    "a message carried out twice": (journal) => {
      const { act } = find(journal, "BidConfirmed", "ann");
      const again = find(journal, "BidConfirmed", "ann", 1).act;
      again.cause = act.cause;
    },
    "a message of somebody else": (journal) => {
      find(journal, "BidConfirmed", "ann").act.cause = find(
        journal,
        "BidPlaced",
        "spring",
      ).act.cause;
    },
    "a message that was never sent": (journal) => {
      find(journal, "BidConfirmed", "ann").act.cause = 9_999;
    },
  },
  message_misread: {
    "another hold": change("BidConfirmed", "ann", { holdNo: 2 }),
    "another amount": change("BidConfirmed", "bob", { filledCents: 1_00, releasedCents: 399_00 }),
    "another answer": (journal) => {
      const { act } = find(journal, "BidConfirmed", "bob");
      act.events = [{ type: "HoldVoided", holdNo: 1, releasedCents: 400_00 } as Loose];
    },
    "two events for one message": (journal) => {
      const { act, event } = find(journal, "BidPlaced", "spring");
      act.events = [event, { ...event, bidNo: 2 } as Loose];
    },
  },
  event_without_cause: {
    "a confirmation out of nothing": (journal) => {
      find(journal, "BidConfirmed", "ann").act.cause = 0;
    },
  },
  message_left_over: {
    "the last message is not carried out": (journal) => {
      const { entry, index } = find(journal, "HoldVoided", "ann");
      entry.records.splice(index, 1);
    },
  },
  link_broken: {
    "a message that arrives twice": (journal) => {
      const { entry, index } = arrival(journal, 1);
      entry.records.splice(index, 0, structuredClone(entry.records[index]!));
    },
    "a message that is left out": (journal) => {
      const { entry, index } = arrival(journal, 1);
      entry.records.splice(index, 1);
    },
    "a message that was never sent so": (journal) => {
      const { record } = arrival(journal, 1);
      Object.assign(record.message, { holdNo: 77 });
    },
  },
  link_acknowledged_early: {
    "more is acknowledged than was sent": (journal) => received(journal, 500),
    "what was acknowledged is taken back": (journal) => received(journal, 0),
  },
} satisfies Partial<Record<Check, Record<string, Spoil>>>;
