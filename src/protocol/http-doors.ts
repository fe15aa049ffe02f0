// The HTTP paths that are no reads: documents, the custodian bank, health, metrics, the WebSocket.

import type { HttpDoor } from "./http-paths.ts";
import { MEDIA_TYPES } from "./table.ts";

const DOCUMENT_PATH = "/v1/applications/:loanId/documents/:document";
const DOCUMENT_TEXT =
  '"loanId":"loan-2024-117","documentNo":1,"name":"bank statement.pdf","mediaType":"application/pdf",' +
  '"sizeBytes":182044,"documentHash":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}';
const DIGEST = "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:";

export const HTTP_DOORS = {
  upload: {
    method: "PUT",
    path: DOCUMENT_PATH,
    about:
      "Stores a document of an application: the body is its bytes. It is acknowledged when the bytes and " +
      "the event that names them are durable. The same bytes under the same name again change nothing, so " +
      "an upload is repeated until it is answered.",
    who: "The borrower of the application; to others it does not exist. Roles: client.",
    parameters: [
      { name: "loanId", in: "path", is: "the id of a loan", about: "the application" },
      {
        name: "document",
        in: "path",
        is: "1 to 64 printable characters without a slash, in percent-encoded UTF-8",
        about: "name of the file",
      },
      {
        name: "Content-Type",
        in: "header",
        is: `one of ${MEDIA_TYPES.map((type) => `\`${type}\``).join(", ")}`,
        about: "what is in it; how the bytes begin must agree",
      },
      {
        name: "Content-Length",
        in: "header",
        is: "a whole number; may be left out, for chunks",
        about: "how large it is, so that what is too large is refused at once",
      },
      {
        name: "Content-Digest",
        in: "header",
        is: "`sha-256=:<Base64>:` (RFC 9530); may be left out",
        about: "what the bytes that arrive are held against",
      },
      {
        name: "body",
        in: "body",
        is: "at most 10 MiB (`LOANLOOM_DOCUMENT_BYTES_MAX`)",
        about: "the document",
      },
    ],
    answers: [
      [
        "201 Created",
        "it is stored: `position` and the fields of `application.document`; `Location`",
      ],
      ["200 OK", "it was there already, under this name: the same fields, `position` is empty"],
    ],
    errors: [
      "application_not_found",
      "documents_closed",
      "document_exists",
      "too_many_documents",
      "document_out_of_range",
      "document_too_large",
      "document_type_not_allowed",
      "document_digest_mismatch",
      "too_many_transfers",
      "upload_too_slow",
      "document_store_full",
    ],
    example: [
      "PUT /v1/applications/loan-2024-117/documents/bank%20statement.pdf",
      "Authorization: Bearer <jwt>",
      "Content-Type: application/pdf",
      "Content-Length: 182044",
      `Content-Digest: ${DIGEST}`,
      "",
      "<182,044 bytes>",
      "",
      "201 Created",
      "Location: /v1/applications/loan-2024-117/documents/1",
      "",
      `{"position":"0:3-18127",${DOCUMENT_TEXT}`,
    ],
  },
  download: {
    method: "GET",
    path: DOCUMENT_PATH,
    about:
      "The bytes of a document, decrypted as they leave. Each part is verified before it is sent; where one " +
      "fails the connection is cut, so a client that has `Content-Length` bytes has them all.",
    who:
      "The borrower of the application, and the staff; to other clients it does not exist. Roles: client, " +
      "operator, reviewer, auditor.",
    parameters: [
      { name: "loanId", in: "path", is: "the id of a loan", about: "the application" },
      {
        name: "document",
        in: "path",
        is: "a whole number from 1",
        about: "number of the document, as `documents` of `application.get` counts them",
      },
    ],
    answers: [["200 OK", "the bytes, with their type, name and digest as headers"]],
    errors: [
      "application_not_found",
      "document_not_found",
      "too_many_transfers",
      "document_unreadable",
    ],
    example: [
      "GET /v1/applications/loan-2024-117/documents/1",
      "Authorization: Bearer <jwt>",
      "",
      "200 OK",
      "Content-Type: application/pdf",
      `Content-Disposition: attachment; filename="document-1.pdf"; filename*=UTF-8''bank%20statement.pdf`,
      `Content-Digest: ${DIGEST}`,
      "",
      "<182,044 bytes>",
    ],
  },
  callbacks: {
    method: "POST",
    path: "/v1/custodian/callbacks",
    about:
      "What the custodian bank tells: a deposit was booked, a payout was confirmed or has failed. Answered " +
      "200 when its effect is durable; the bank repeats it after anything else, as often as it likes, for " +
      "each `reference` has its effect once. There only with `LOANLOOM_CUSTODIAN_URL`.",
    who: "Whoever has the key that bank and server share, without a token.",
    parameters: [
      {
        name: "loanloom-signature",
        in: "header",
        is: "`t=<time>,v1=<mac>`, `v1` also several times",
        about:
          "time in milliseconds since the epoch, at most 5 minutes from ours " +
          "(`LOANLOOM_CUSTODIAN_TOLERANCE_MS`); HMAC-SHA256 over `<time>.<body>`, hexadecimal, by a " +
          "shared key of 32 bytes",
      },
      {
        name: "type",
        in: "body",
        is: "one of `deposit_booked`, `payout_confirmed`, `payout_failed`",
        about: "what happened; the body is an object of JSON, at most 16,384 bytes",
      },
      {
        name: "notificationId",
        in: "body",
        is: "1 to 64 of A-Z a-z 0-9 . _ : - and no punctuation first",
        about: "the bank's name of this notice, for people",
      },
      {
        name: "reference",
        in: "body",
        is: "the same",
        about: "the bank's name of the deposit, or ours of the payout: `w-<account>-<number>`",
      },
      { name: "accountId", in: "body", is: "the id of an account", about: "whose money it is" },
      { name: "amountCents", in: "body", is: "an integer from 1", about: "how much" },
      {
        name: "bookedAtMs",
        in: "body",
        is: "milliseconds since the epoch",
        about: "when it was booked; of `deposit_booked` and `payout_confirmed`",
      },
      {
        name: "failedAtMs",
        in: "body",
        is: "milliseconds since the epoch",
        about: "when it failed; of `payout_failed`",
      },
      {
        name: "reason",
        in: "body",
        is: "snake case, 1 to 64 characters",
        about: "why it failed; of `payout_failed`",
      },
    ],
    answers: [
      ["200 OK", '`{"status":"noted"}`, or `"known"` when it had its effect before'],
      ["400 Bad Request", "`body_malformed`"],
      ["401 Unauthorized", "`signature_missing`, `signature_invalid`, `signature_stale`"],
      ["404 Not Found", "`account_not_found`, `withdrawal_not_found`"],
      ["409 Conflict", "it contradicts the books, as `deposit_differs`: a person must look"],
      ["413 Content Too Large", "`body_too_large`"],
      ["503 Service Unavailable", "not now: say it again"],
    ],
    errors: [],
    // Signed with a key of 32 zero bytes: a test makes the same.
    example: [
      "POST /v1/custodian/callbacks",
      "loanloom-signature: t=1732435200000,v1=30ef890a80913e7595ec2e454e77335c9bab35b203af22923fae4e9f8a5b6c27",
      "",
      '{"type":"deposit_booked","notificationId":"n-1","reference":"transfer-1","accountId":"alice",' +
        '"amountCents":100000,"bookedAtMs":1732435199000}',
      "",
      "200 OK",
      "",
      '{"status":"noted"}',
    ],
  },
  health: {
    method: "GET",
    path: "/healthz",
    about: "Whether the process is alive. Not there with `LOANLOOM_EXPOSE_HEALTH=no`.",
    who: "Everybody, without a token.",
    parameters: [],
    answers: [["200 OK", "always"]],
    errors: [],
    example: ["GET /healthz", "", "200 OK", "", '{"status":"ok"}'],
  },
  readiness: {
    method: "GET",
    path: "/readyz",
    about:
      "Whether the server serves, and why not: for a balancer. Not there with `LOANLOOM_EXPOSE_HEALTH=no`.",
    who: "Everybody, without a token.",
    parameters: [],
    answers: [
      ["200 OK", "it serves"],
      ["503 Service Unavailable", "it is degraded, recovering, standing by or draining"],
    ],
    errors: [],
    example: [
      "GET /readyz",
      "",
      "503 Service Unavailable",
      "",
      '{"ready":false,"reason":"shard 0 standing by"}',
    ],
  },
  metrics: {
    method: "GET",
    path: "/metrics",
    about:
      "All metrics in the text format of Prometheus. Not there with `LOANLOOM_EXPOSE_METRICS=no`.",
    who: "Everybody, without a token.",
    parameters: [],
    answers: [["200 OK", "`text/plain; version=0.0.4`"]],
    errors: [],
    example: [
      "GET /metrics",
      "",
      "200 OK",
      "",
      "# HELP loanloom_degraded 1 while the server is not ready: the journal cannot be written, ...",
      "# TYPE loanloom_degraded gauge",
      "loanloom_degraded 0",
    ],
  },
  socket: {
    method: "GET",
    path: "/v1/ws",
    about: "The WebSocket that everything above is about; see Connecting.",
    who: "Everybody, with a token within 3 s (`LOANLOOM_AUTHENTICATE_MS_MAX`).",
    parameters: [],
    answers: [
      ["101 Switching Protocols", "with `Upgrade: websocket`"],
      ["426 Upgrade Required", "without it"],
    ],
    errors: [],
    example: ["GET /v1/ws", "", "426 Upgrade Required", "Upgrade: websocket"],
  },
} as const satisfies Record<string, HttpDoor>;
