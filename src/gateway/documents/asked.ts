// What a request about a document asks for: path and headers in, checked fields or a complaint out.
// Pure; nothing is looked up.

import { isId, type LoanId } from "../../../actors/address.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import { isPrintableText } from "../../protocol/text.ts";
import { mediaTypeOf, type MediaType } from "./media.ts";

export interface Complaint {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** As they came, empty when absent. */
export interface UploadHeaders {
  readonly contentType: string;
  readonly contentLength: string;
  readonly contentDigest: string;
}

export interface UploadAsked {
  readonly loanId: LoanId;
  readonly name: string;
  readonly mediaType: MediaType;
  /** Null when the client did not say, as with chunked bodies. */
  readonly declaredBytes: number | null;
  /** 64 hexadecimal digits; null when the client did not say. */
  readonly declaredSha256: string | null;
}

export interface DownloadAsked {
  readonly loanId: LoanId;
  readonly documentNo: number;
}

export function readUpload(
  loanText: string,
  nameText: string,
  headers: UploadHeaders,
  bytesMax: number,
): UploadAsked | Complaint {
  if (!isId(loanText)) return invalid("loanId must be the id of a loan");
  const name = nameIn(nameText);
  if (name === undefined) {
    return invalid("name must be 1 to 64 printable characters in percent-encoded UTF-8, no slash");
  }
  const mediaType = mediaTypeOf(headers.contentType);
  if (mediaType === undefined) {
    const detail = "Content-Type must be application/pdf, image/jpeg or image/png";
    return { code: "document_type_not_allowed", detail };
  }
  const declaredBytes = headers.contentLength === "" ? null : Number(headers.contentLength);
  if (declaredBytes !== null && declaredBytes > bytesMax) return tooLarge(bytesMax);
  const declaredSha256 = sha256In(headers.contentDigest);
  if (declaredSha256 === undefined) {
    return invalid("Content-Digest must have one sha-256=:<44 characters of Base64>: (RFC 9530)");
  }
  return { loanId: loanText as LoanId, name, mediaType, declaredBytes, declaredSha256 };
}

export function readDownload(loanText: string, numberText: string): DownloadAsked | Complaint {
  if (!isId(loanText)) return invalid("loanId must be the id of a loan");
  if (!/^[1-9]\d{0,3}$/.test(numberText)) return invalid("the document is named by its number");
  return { loanId: loanText as LoanId, documentNo: Number(numberText) };
}

export function isComplaint(asked: object): asked is Complaint {
  return "code" in asked;
}

export function tooLarge(bytesMax: number): Complaint {
  return { code: "document_too_large", detail: `at most ${bytesMax} bytes` };
}

function invalid(detail: string): Complaint {
  return { code: "invalid_field", detail };
}

/** A name is shown to people and offered as a file's name; it is never a path here. */
function nameIn(text: string): string | undefined {
  let name: string;
  try {
    name = decodeURIComponent(text);
  } catch {
    return undefined; // No UTF-8, or a percent sign without two digits.
  }
  if (name.trim() === "" || !isPrintableText(name) || /[/\\]/.test(name)) return undefined;
  return name === "." || name === ".." ? undefined : name;
}

/** The SHA-256 of a Content-Digest header, null when there is no header. */
function sha256In(contentDigest: string): string | null | undefined {
  if (contentDigest === "") return null;
  const found = [...contentDigest.matchAll(/(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?=,|$)/g)];
  const [match] = found;
  if (match === undefined || found.length > 1) return undefined;
  return Buffer.from(match[1]!, "base64").toString("hex");
}
