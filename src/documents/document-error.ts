// Every way in which the store can fail, by stable code. Faults of operation are of this type;
// anything else that is thrown here is a bug.

export type DocumentErrorCode =
  /** The disk is full, or would leave less free than must stay so. */
  | "store_full"
  /** The disk refuses for another reason. */
  | "store_failed"
  /** There are no such bytes. */
  | "missing"
  /** What is stored is not what was written: changed, cut, swapped or another's. */
  | "damaged"
  /** It was sealed under a key that this deployment does not have. */
  | "key_unknown";

export class DocumentError extends Error {
  override readonly name = "DocumentError";
  readonly code: DocumentErrorCode;

  constructor(code: DocumentErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What the file system said, as one of ours; ours stay as they are. */
export function documentError(fault: unknown, what: string): DocumentError {
  if (fault instanceof DocumentError) return fault;
  const errno = errnoOf(fault);
  if (errno === "ENOENT") return new DocumentError("missing", `${what}: it is not there`, fault);
  const code = FULL.has(errno) ? "store_full" : "store_failed";
  return new DocumentError(code, `${what}: ${errno ?? String(fault)}`, fault);
}

export function errnoOf(fault: unknown): string | undefined {
  return fault instanceof Error ? (fault as NodeJS.ErrnoException).code : undefined;
}
