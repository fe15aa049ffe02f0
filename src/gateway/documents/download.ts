// GET /v1/applications/<loanId>/documents/<number>: to the borrower and the staff, decrypted frame
// by frame as fast as the client takes them. Every frame is verified before it is sent; when one
// fails in the middle, the connection is cut, so that no client takes a part for the whole.

import type { SealedReader } from "../../documents/sealed-reader.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Principal } from "../authenticator.ts";
import { ownAccountOf, refusalFor } from "../authorisation.ts";
import { admitHttp } from "../http-admission.ts";
import type { HttpExchange } from "../http-exchange.ts";
import { isComplaint, readDownload } from "./asked.ts";
import { documentIn, type DocumentView } from "./attach.ts";
import { count } from "./counters.ts";
import type { DocumentParts, Transfer } from "./parts.ts";

export interface DownloadRequest {
  readonly token: string | null;
  readonly loanText: string;
  readonly numberText: string;
}

const CUT = {
  too_slow: "unavailable",
  given_up: "server_shutdown",
  revoked: "unauthenticated",
} as const;

export class DocumentDownload implements Transfer {
  readonly startedAtMs: number;
  principal: Principal | null = null;
  readonly #parts: DocumentParts;
  readonly #exchange: HttpExchange;
  readonly #asked: DownloadRequest;
  #isSending = false;

  constructor(parts: DocumentParts, exchange: HttpExchange, asked: DownloadRequest) {
    this.#parts = parts;
    this.#exchange = exchange;
    this.#asked = asked;
    this.startedAtMs = exchange.startedAtMs;
  }

  cut(why: "too_slow" | "given_up" | "revoked"): void {
    if (this.#isSending) this.#exchange.cut();
    else this.#refuse(CUT[why]);
  }

  /** Resolves when the client has everything, or an answer, or has gone. */
  async run(): Promise<void> {
    const { seats, config } = this.#parts;
    const admitted = await admitHttp(this.#parts, this.#asked.token);
    if (!admitted.ok) return this.#refuse(admitted.code, null, admitted.retryAfterMs);
    const { principal } = admitted;
    this.principal = principal;
    const asked = readDownload(this.#asked.loanText, this.#asked.numberText);
    if (isComplaint(asked)) return this.#refuse(asked.code, asked.detail);
    const command = { type: "GetDocument", ...asked } as const;
    const refusal = refusalFor(principal, command);
    if (refusal !== null) return this.#refuse(refusal);
    if (seats.take(principal.subject) !== undefined) {
      return this.#refuse("too_many_transfers", null, config.busyRetryAfterMs);
    }
    try {
      const settled = await this.#parts.questions.ask(command, ownAccountOf(principal));
      if (!settled.ok) return this.#refuse(settled.code, null, settled.retryAfterMs);
      const view = documentIn(settled);
      if (view === null) return this.#refuse("internal_error");
      await this.#send(view, principal.subject);
    } finally {
      seats.giveBack(principal.subject);
    }
  }

  async #send(view: DocumentView, by: string): Promise<void> {
    const { store, log, documentCounters } = this.#parts;
    const { loanId, documentNo, documentHash: sha256, sizeBytes } = view;
    let reader: SealedReader | null = null;
    try {
      reader = await store.find({ loanId, sha256, sizeBytes });
      let frame = await reader.frame(0);
      if (!this.#exchange.isOpen) return count(documentCounters.downloads, "aborted");
      log.info({ by, loanId, documentNo }, "a document is fetched");
      this.#isSending = true;
      this.#exchange.begin({ status: "200 OK", ...headOf(view) });
      for (let frameNo = 1; await this.#exchange.sendPiece(frame, sizeBytes); frameNo++) {
        documentCounters.bytesSent += frame.length;
        if (frameNo === reader.frames) return count(documentCounters.downloads, "sent");
        frame = await reader.frame(frameNo);
      }
      count(documentCounters.downloads, "aborted");
    } catch (fault) {
      log.error({ loanId, documentNo, fault: String(fault) }, "a document does not verify");
      if (!this.#isSending) return this.#refuse("document_unreadable");
      count(documentCounters.downloads, "document_unreadable");
      this.#exchange.cut();
    } finally {
      await reader?.close();
    }
  }

  #refuse(code: ErrorCode, detail: string | null = null, retryAfterMs: number | null = null): void {
    const { downloads } = this.#parts.documentCounters;
    if (!this.#exchange.isOpen) return count(downloads, "aborted");
    count(downloads, code);
    this.#parts.counters.httpRefused++;
    this.#exchange.fail(code, detail, retryAfterMs);
  }
}

/** A browser saves it, and never shows it as a page of this origin. */
function headOf({ name, mediaType, documentHash, documentNo }: DocumentView) {
  const [, extension] = mediaType.split("/");
  // RFC 8187: the name as it is, and a plain one for those who cannot read that.
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const plain = `document-${documentNo}.${extension}`;
  const digest = Buffer.from(documentHash, "hex").toString("base64");
  return {
    contentType: mediaType,
    headers: [
      ["Content-Disposition", `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`],
      ["Content-Digest", `sha-256=:${digest}:`],
    ] as const,
  };
}
