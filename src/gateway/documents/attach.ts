// What the door says to a loan when a document's bytes are durable, and what it asks about them.

import { randomBytes } from "node:crypto";
import { requestIdFromBytes, type AccountId, type LoanId } from "../../../actors/address.ts";
import type { Label } from "../../documents/sealed-format.ts";
import type { Standing } from "../../documents/store.ts";
import { commandFrom } from "../../protocol/commands.ts";
import { OPERATION_PLANS } from "../../protocol/plans.ts";
import type { Attributed, Command, ReplyOf } from "../../protocol/table.ts";
import { attributed, type Speaker } from "../authorisation.ts";
import type { Questions, Settled } from "../questions.ts";
import type { UploadAsked } from "./asked.ts";

type Attach = Extract<Command, { type: "AttachDocument" }>;
export type DocumentView = ReplyOf<"application.document">;

/** The same command that the protocol would make of the operation's fields. */
export function attachCommand(
  { loanId, name, mediaType }: UploadAsked,
  { sizeBytes, sha256 }: Label,
  speaker: Speaker,
  nowMs: number,
): Attributed<Attach> {
  const plan = OPERATION_PLANS.get("application.attach")!;
  const values = [newRequestId(nowMs), loanId, name, mediaType, sizeBytes, sha256];
  return attributed(commandFrom(plan, values) as Attach, speaker);
}

/** A UUID of version 7 (RFC 9562, 5.7): an upload is repeated by its bytes, not by its id. */
function newRequestId(nowMs: number): ReturnType<typeof requestIdFromBytes> {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return requestIdFromBytes(bytes);
}

export function documentIn(settled: Settled): DocumentView | null {
  if (!settled.ok || settled.answer.type !== "Read") return null;
  const { view } = settled.answer;
  return "documentHash" in view ? view : null;
}

/**
 * The document of these bytes; what the first number without one was answered when there is none.
 */
export async function findAttached(
  questions: Questions,
  loanId: LoanId,
  sha256: string,
  self: AccountId | null,
): Promise<DocumentView | Settled> {
  for (let documentNo = 1; ; documentNo++) {
    const settled = await questions.ask({ type: "GetDocument", loanId, documentNo }, self);
    const view = documentIn(settled);
    if (view === null || view.documentHash === sha256) return view ?? settled;
  }
}

/** For the sweep: whether the loan's journal knows of these bytes. */
export async function standingOf(questions: Questions, label: Label): Promise<Standing> {
  const found = await findAttached(questions, label.loanId as LoanId, label.sha256, null);
  if (!("ok" in found)) return "attached";
  const isAbsent =
    !found.ok &&
    found.isFinal &&
    (found.code === "document_not_found" || found.code === "application_not_found");
  return isAbsent ? "absent" : "unknown";
}
