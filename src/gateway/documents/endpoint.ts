// Documents of loan applications over HTTP, on the port of everything else: PUT by the borrower,
// GET to the borrower and the staff (`upload` and `download` of protocol/http-doors.ts).

import type * as uWS from "uWebSockets.js";
import type { Label } from "../../documents/sealed-format.ts";
import type { Standing } from "../../documents/store.ts";
import { HTTP_DOORS } from "../../protocol/http-doors.ts";
import type { Principal } from "../authenticator.ts";
import { framed, type HttpHandler } from "../framing.ts";
import { bearerOf, isOriginAllowed } from "../handshake.ts";
import { HttpExchange } from "../http-exchange.ts";
import { standingOf } from "./attach.ts";
import { DocumentDownload } from "./download.ts";
import { Pace } from "./pace.ts";
import type { DocumentParts, Transfer } from "./parts.ts";
import { DocumentUpload } from "./upload.ts";
import { UploadBody } from "./upload-body.ts";
import { UploadBuffer } from "./upload-buffer.ts";

const { upload: UPLOAD, download: DOWNLOAD } = HTTP_DOORS;

export class DocumentEndpoint {
  readonly #parts: DocumentParts;
  /** In the order in which they began. */
  readonly #open = new Set<Transfer>();

  readonly #buffer: UploadBuffer;

  constructor(parts: DocumentParts) {
    this.#parts = parts;
    this.#buffer = new UploadBuffer(parts.documentCounters, parts.limits.bufferBytesMax);
  }

  serve(app: uWS.TemplatedApp): void {
    const when = (handle: HttpHandler): HttpHandler => framed(this.#parts.counters, handle);
    app
      .put(
        UPLOAD.path,
        when((response, request) => this.#upload(response, request)),
      )
      .get(
        DOWNLOAD.path,
        when((response, request) => this.#download(response, request)),
      )
      .any(
        UPLOAD.path,
        when((response, request) => this.#refuseMethod(response, request)),
      );
  }

  #refuseMethod(response: uWS.HttpResponse, request: uWS.HttpRequest): void {
    this.#exchange(response, request, () => undefined).send({
      status: "405 Method Not Allowed",
      contentType: "text/plain",
      body: "",
      headers: [["Allow", "GET, PUT"]],
    });
  }

  #exchange(response: uWS.HttpResponse, request: uWS.HttpRequest, ended: () => void): HttpExchange {
    const { counters, clock, connections } = this.#parts;
    counters.httpRequests++;
    const method = request.getMethod();
    const exchange = new HttpExchange(response, method, clock.monotonicMs(), ended);
    if (connections.isCrowded) exchange.endsConnection();
    return exchange;
  }

  #upload(response: uWS.HttpResponse, request: uWS.HttpRequest): void {
    const { documentCounters, limits } = this.#parts;
    const exchange = this.#exchange(response, request, () => body.closed());
    const isOpen = (): boolean => exchange.isOpen;
    const pace = new Pace(limits.bytesPerSecondMin, exchange.startedAtMs);
    const body: UploadBody = new UploadBody(response, isOpen, documentCounters, this.#buffer, pace);
    const upload = new DocumentUpload(this.#parts, exchange, body, {
      token: bearerOf(request.getHeader("authorization")),
      loanText: request.getParameter(0) ?? "",
      nameText: request.getParameter(1) ?? "",
      headers: {
        contentType: request.getHeader("content-type"),
        contentLength: request.getHeader("content-length"),
        contentDigest: request.getHeader("content-digest"),
      },
    });
    if (!this.#isOriginFine(request)) return exchange.fail("origin_not_allowed");
    documentCounters.uploadsOpen++;
    void this.#run(upload, upload.run(), exchange).then(() => documentCounters.uploadsOpen--);
  }

  #download(response: uWS.HttpResponse, request: uWS.HttpRequest): void {
    const { documentCounters } = this.#parts;
    const exchange = this.#exchange(response, request, () => undefined);
    const download = new DocumentDownload(this.#parts, exchange, {
      token: bearerOf(request.getHeader("authorization")),
      loanText: request.getParameter(0) ?? "",
      numberText: request.getParameter(1) ?? "",
    });
    if (!this.#isOriginFine(request)) return exchange.fail("origin_not_allowed");
    documentCounters.downloadsOpen++;
    void this.#run(download, download.run(), exchange).then(() => documentCounters.downloadsOpen--);
  }

  #isOriginFine(request: uWS.HttpRequest): boolean {
    const { originsAllowed } = this.#parts.config;
    const [origin, host] = [request.getHeader("origin"), request.getHeader("host")];
    return isOriginAllowed(origin, host, originsAllowed);
  }

  async #run(transfer: Transfer, running: Promise<void>, exchange: HttpExchange): Promise<void> {
    this.#open.add(transfer);
    try {
      await running;
    } catch (fault) {
      this.#parts.log.error({ fault: String(fault) }, "a transfer of a document failed");
      exchange.fail("internal_error");
    }
    this.#open.delete(transfer);
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** What the loan's journal says of a document's bytes. */
  standingOf(label: Label): Promise<Standing> {
    return standingOf(this.#parts.questions, label);
  }

  /** A shard was reset: answers that are waited for will not come. Bytes may go on. */
  failOpen(): void {
    this.#parts.questions.failOpen("unavailable");
  }

  /** The server stops now. */
  end(): void {
    for (const transfer of [...this.#open]) transfer.cut("given_up");
    this.#parts.questions.failOpen("server_shutdown");
  }

  endRevoked(isRevoked: (principal: Principal) => boolean): void {
    for (const transfer of [...this.#open]) {
      const { principal } = transfer;
      if (principal !== null && isRevoked(principal)) transfer.cut("revoked");
    }
  }

  sweep(nowMonotonicMs: number): void {
    const { limits, questions } = this.#parts;
    questions.sweep(nowMonotonicMs);
    for (const transfer of [...this.#open]) {
      if (nowMonotonicMs - transfer.startedAtMs >= limits.transferMsMax) transfer.cut("too_slow");
      else transfer.sweep?.(nowMonotonicMs);
    }
  }
}
