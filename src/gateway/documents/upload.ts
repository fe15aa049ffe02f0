// PUT /v1/applications/<loanId>/documents/<name>: from the first byte to the durable event. The
// ladder, in order of precedence:
//
//   1 drain, token, allowance, 2 role, 3 path and headers, 4 declared size, 5 transfers open,
//   6 the application is the borrower's, 7 space, 8 the bytes: beginning, size, time, digest,
//   9 what the loan says of it
//
// Bytes are stored before the loan is asked, and shown to nobody before its event is durable. What
// is refused leaves no bytes behind.

import type { Incoming } from "../../documents/incoming.ts";
import type { Label } from "../../documents/sealed-format.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import { HTTP_DOORS } from "../../protocol/http-doors.ts";
import { pathWith } from "../../protocol/http-paths.ts";
import { OPERATIONS, type Role } from "../../protocol/table.ts";
import type { Principal } from "../authenticator.ts";
import { admitHttp } from "../http-admission.ts";
import type { HttpExchange } from "../http-exchange.ts";
import {
  isComplaint,
  readUpload,
  tooLarge,
  type UploadAsked,
  type UploadHeaders,
} from "./asked.ts";
import { attachCommand, findAttached } from "./attach.ts";
import { count } from "./counters.ts";
import { beginsLike, BEGINNING_BYTES_MAX } from "./media.ts";
import type { DocumentParts, Transfer } from "./parts.ts";
import type { Broken, UploadBody } from "./upload-body.ts";

export interface UploadRequest {
  readonly token: string | null;
  readonly loanText: string;
  readonly nameText: string;
  readonly headers: UploadHeaders;
}

interface Refused {
  readonly code: ErrorCode;
  readonly detail: string | null;
  readonly retryAfterMs: number | null;
}

interface Attached extends Label {
  /** The loan knew it already. */
  readonly isRepeat: boolean;
  readonly position: string;
  readonly documentNo: number;
  readonly name: string;
  readonly mediaType: string;
}

/** So much of a refused body is let go by, so that its client hears why. */
const DISCARD_MS_MAX = 2_000;
const DISCARD_BYTES_FACTOR = 2;

const BROKEN: Readonly<Record<Broken, ErrorCode>> = {
  aborted: "unavailable", // Nobody is there to be told.
  too_slow: "upload_too_slow",
  no_room: "server_busy",
  given_up: "server_shutdown",
  revoked: "unauthenticated",
};

export class DocumentUpload implements Transfer {
  readonly startedAtMs: number;
  principal: Principal | null = null;
  readonly #parts: DocumentParts;
  readonly #exchange: HttpExchange;
  readonly #body: UploadBody;
  readonly #asked: UploadRequest;

  constructor(
    parts: DocumentParts,
    exchange: HttpExchange,
    body: UploadBody,
    asked: UploadRequest,
  ) {
    this.#parts = parts;
    this.#exchange = exchange;
    this.#body = body;
    this.#asked = asked;
    this.startedAtMs = exchange.startedAtMs;
  }

  cut(why: "too_slow" | "given_up" | "revoked"): void {
    this.#body.cut(why);
  }

  sweep(nowMonotonicMs: number): void {
    this.#body.sweep(nowMonotonicMs);
  }

  /** Resolves when the client is answered, or has gone. */
  async run(): Promise<void> {
    const { uploads } = this.#parts.documentCounters;
    const outcome = await this.#carryOut();
    if ("documentNo" in outcome) {
      count(uploads, outcome.isRepeat ? "repeated" : "stored");
      return this.#answer(outcome);
    }
    const { code, detail, retryAfterMs } = outcome;
    if (!this.#exchange.isOpen) return count(uploads, "aborted");
    count(uploads, code);
    const { limits, counters } = this.#parts;
    await this.#body.discard(limits.bytesMax * DISCARD_BYTES_FACTOR, DISCARD_MS_MAX);
    if (this.#body.hasEnded) this.#exchange.bodyWasRead();
    counters.httpRefused++;
    this.#exchange.fail(code, detail, retryAfterMs);
  }

  async #carryOut(): Promise<Attached | Refused> {
    const { limits, seats, config } = this.#parts;
    const admitted = await admitHttp(this.#parts, this.#asked.token);
    if (!admitted.ok) return refused(admitted.code, null, admitted.retryAfterMs);
    const { principal } = admitted;
    this.principal = principal;
    const roles: readonly Role[] = OPERATIONS["application.attach"].roles;
    if (!roles.includes(principal.role)) return refused("forbidden");
    const { loanText, nameText, headers } = this.#asked;
    const asked = readUpload(loanText, nameText, headers, limits.bytesMax);
    if (isComplaint(asked)) return refused(asked.code, asked.detail);
    if (seats.take(principal.subject) !== undefined) {
      return refused("too_many_transfers", null, config.busyRetryAfterMs);
    }
    try {
      return await this.#store(principal, asked);
    } finally {
      seats.giveBack(principal.subject);
    }
  }

  async #store(principal: Principal, asked: UploadAsked): Promise<Attached | Refused> {
    const { limits, questions, store } = this.#parts;
    const { loanId, declaredBytes } = asked;
    const owned = await questions.ask({ type: "GetApplication", loanId }, principal.subject);
    if (!owned.ok) return refused(owned.code, null, owned.retryAfterMs);
    let incoming: Incoming | null = null;
    try {
      incoming = await store.begin(loanId, declaredBytes ?? limits.bytesMax);
      const refusal = await this.#receive(incoming, asked);
      if (refusal !== null) return refusal;
      const label = await incoming.seal();
      return await this.#attach(incoming, label, asked, principal);
    } catch (fault) {
      return this.#faulted(fault);
    } finally {
      // What was kept or left is not touched by it.
      await incoming?.discard();
    }
  }

  /** Null when all bytes are there and are what they should be. */
  async #receive(incoming: Incoming, asked: UploadAsked): Promise<Refused | null> {
    const { limits, config } = this.#parts;
    let beginning = Buffer.alloc(0);
    for (;;) {
      const piece = await this.#body.next();
      if (piece.kind === "broken") return refused(BROKEN[piece.why], null, config.busyRetryAfterMs);
      if (piece.kind === "bytes" && incoming.sizeBytes + piece.bytes.length > limits.bytesMax) {
        const { code, detail } = tooLarge(limits.bytesMax);
        return refused(code, detail);
      }
      if (piece.kind === "bytes" && beginning.length < BEGINNING_BYTES_MAX) {
        beginning = Buffer.concat([beginning, piece.bytes.subarray(0, BEGINNING_BYTES_MAX)]);
      }
      const isJudged = piece.kind === "end" || beginning.length >= BEGINNING_BYTES_MAX;
      if (isJudged && !beginsLike(asked.mediaType, beginning)) {
        return refused("document_type_not_allowed", `the bytes are no ${asked.mediaType}`);
      }
      if (piece.kind === "end") break;
      await incoming.write(piece.bytes);
    }
    const { declaredSha256 } = asked;
    if (declaredSha256 === null || declaredSha256 === incoming.sha256()) return null;
    return refused("document_digest_mismatch", `the SHA-256 of the bytes is ${incoming.sha256()}`);
  }

  async #attach(
    incoming: Incoming,
    label: Label,
    asked: UploadAsked,
    principal: Principal,
  ): Promise<Attached | Refused> {
    const { questions, clock, log } = this.#parts;
    const { loanId, name, mediaType } = asked;
    const command = attachCommand(asked, label, principal, clock.wallMs());
    const settled = await questions.ask(command, principal.subject);
    if (settled.ok && settled.answer.type === "DocumentAttached") {
      if (!(await incoming.keep())) log.warn({ loanId }, "a document stays where it was received");
      const { documentNo } = settled.answer;
      const { position } = settled;
      return { ...label, isRepeat: false, position, documentNo, name, mediaType };
    }
    if (settled.ok || !settled.isFinal) {
      await incoming.leave();
      log.warn({ loanId }, "nobody knows whether a document was attached; the sweep will ask");
      return settled.ok
        ? refused("internal_error")
        : refused(settled.code, null, settled.retryAfterMs);
    }
    if (settled.code !== "document_exists") return refused(settled.code);
    // The answer to the first one may have been lost: the same again is no mistake.
    const found = await findAttached(questions, loanId, label.sha256, principal.subject);
    if ("ok" in found || found.name !== name || found.mediaType !== mediaType) {
      return refused(settled.code);
    }
    return {
      ...label,
      isRepeat: true,
      position: "",
      documentNo: found.documentNo,
      name,
      mediaType,
    };
  }

  #faulted(fault: unknown): Refused {
    const code = (fault as { readonly code?: unknown }).code;
    const { log, config } = this.#parts;
    if (code === "store_full") {
      log.warn({ fault: String(fault) }, "there is no room for documents");
      return refused("document_store_full", null, config.busyRetryAfterMs);
    }
    log.error({ fault: String(fault) }, "a document could not be stored");
    return refused("internal_error");
  }

  #answer({ isRepeat, loanId, ...document }: Attached): void {
    this.#exchange.bodyWasRead();
    const { documentNo, sha256: documentHash, sizeBytes, name, mediaType, position } = document;
    this.#exchange.json(
      isRepeat ? "200 OK" : "201 Created",
      { position, loanId, documentNo, name, mediaType, sizeBytes, documentHash },
      [["Location", pathWith(HTTP_DOORS.download.path, { loanId, document: documentNo })]],
    );
  }
}

function refused(
  code: ErrorCode,
  detail: string | null = null,
  retryAfterMs: number | null = null,
): Refused {
  return { code, detail, retryAfterMs };
}
