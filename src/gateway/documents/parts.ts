// What uploads and downloads are given, and what they have in common: a seat for as long as they
// last, and an end at which they are counted.

import type { DocumentStore } from "../../documents/store.ts";
import type { Principal } from "../authenticator.ts";
import type { GatewayLog } from "../log.ts";
import type { HttpAdmissionParts } from "../http-admission.ts";
import type { Questions } from "../questions.ts";
import type { Seats } from "../seats.ts";
import type { DocumentCounters } from "./counters.ts";
import type { DocumentLimits } from "./limits.ts";

export interface DocumentParts extends HttpAdmissionParts {
  readonly limits: DocumentLimits;
  readonly documentCounters: DocumentCounters;
  readonly store: DocumentStore;
  readonly questions: Questions;
  /** By account, or by the name of whom of the staff. */
  readonly seats: Seats;
  readonly log: GatewayLog;
}

/** One that is open, for the sweep and for the end of the server. */
export interface Transfer {
  readonly startedAtMs: number;
  /** Whose it is; null before that is known. */
  readonly principal: Principal | null;
  /** Looked at every now and then, where a client might dawdle. */
  sweep?(nowMonotonicMs: number): void;
  /** It takes too long, the server stops, or its token was revoked. */
  cut(why: "too_slow" | "given_up" | "revoked"): void;
}
