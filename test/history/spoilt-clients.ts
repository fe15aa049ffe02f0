// Journals that say something else than clients were told, by the check that must find it.

import type { Check } from "../../src/history/report.ts";
import { bidsOf } from "./client-requests.ts";
import { append, change, find, type Loose, type Spoil } from "./spoil.ts";
import { goodWorld } from "./good-world.ts";

export const SPOILT_CLIENTS = {
  client_lost: {
    "an acknowledged bid that is not there": (journal) => {
      const clientRequests = bidsOf(goodWorld().journal);
      const { act } = find(journal, "HoldPlaced", "ann", 2);
      act.events = [];
      return { clientRequests };
    },
    "an acknowledged bid that the loan does not have": (journal) => {
      const clientRequests = bidsOf(journal);
      find(journal, "BidPlaced", "spring").event["filledCents"] = 299_00;
      return { clientRequests };
    },
    "an acknowledged bid that was refused": (journal) => {
      const clientRequests = bidsOf(journal);
      const { act } = find(journal, "BidConfirmed", "ann", 2);
      act.events = [
        { type: "BidRefused", holdNo: 3, releasedCents: 150_00, refusal: "loan_full" } as Loose,
      ];
      return { clientRequests };
    },
    "a refusal that nobody wrote down": (journal) => {
      const clientRequests = bidsOf(journal);
      find(journal, "RequestRefused", "bob").act.events = [];
      return { clientRequests };
    },
  },
  client_differs: {
    "another fill than was told": (journal) => {
      const clientRequests = bidsOf(journal);
      change("BidConfirmed", "bob", { filledCents: 399_00, releasedCents: 1_00 })(journal);
      return { clientRequests };
    },
    "another refusal than was told": (journal) => {
      const clientRequests = bidsOf(journal);
      change("RequestRefused", "bob", { refusal: "too_many_holds" })(journal);
      return { clientRequests };
    },
    "another bid than was sent": (journal) => {
      const clientRequests = bidsOf(journal);
      change("HoldPlaced", "bob", { amountCents: 399_00 })(journal);
      return { clientRequests };
    },
  },
  client_told_early: {
    "a reply that names an entry before its own": (journal) => ({
      clientRequests: bidsOf(journal).map((bid) => {
        const [shard, at] = bid.position!.split(":");
        const [epoch, seq] = at!.split("-").map(Number);
        return { ...bid, position: `${shard}:${epoch}-${seq! - 1}` };
      }),
    }),
    "a reply that names another shard": (journal) => ({
      clientRequests: bidsOf(journal).map((bid) => ({ ...bid, position: "7:9-9" })),
    }),
  },
  client_refused_but_effective: {
    "a refusal of what was placed": (journal) => {
      const [first, ...others] = bidsOf(journal);
      const outcome = { type: "Refused", code: "loan_full" } as const;
      return { clientRequests: [{ ...first!, outcome }, ...others] };
    },
  },
  client_doubled: {
    "a bid that was placed again": (journal) => {
      const clientRequests = bidsOf(journal);
      const { act, event } = find(journal, "HoldPlaced", "bob");
      append(journal, act, [{ ...event, holdNo: 5 }]);
      return { clientRequests };
    },
  },
  client_unknown: {
    "a bid that no client sent": (journal) => ({ clientRequests: bidsOf(journal).slice(1) }),
  },
} satisfies Partial<Record<Check, Record<string, Spoil>>>;
