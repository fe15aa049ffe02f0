// What a file of revocations says, for people who look at it: what is in force, and
// which lines nobody understands.

import { faultOf, RevocationFileError } from "./file-error.ts";
import { LineTail } from "./line-tail.ts";
import { parseRevocation, type Revocation } from "./revocation.ts";

export interface RevocationListing {
  readonly isThere: boolean;
  /** The last one of each token and subject, in the order of the file. */
  readonly inForce: readonly Revocation[];
  /** The first of them, each with the number of its line. */
  readonly complaints: readonly string[];
  readonly linesUnread: number;
  /** The last line has no newline: it is being written, or never was to its end. */
  readonly isUnfinished: boolean;
}

const COMPLAINTS_MAX = 20;

/** Rejects with a RevocationFileError when the file is there and cannot be read. */
export async function listRevocations(
  path: string,
  keptMs: number,
  nowMs: number,
): Promise<RevocationListing> {
  const latest = new Map<string, Revocation>();
  const complaints: string[] = [];
  let linesUnread = 0;
  const line = (text: string | null, lineNo: number): void => {
    if (text === "") return;
    const parsed = parseRevocation(text);
    if (parsed.ok) return keep(latest, parsed.revocation, nowMs - keptMs);
    linesUnread++;
    if (complaints.length >= COMPLAINTS_MAX) return;
    complaints.push(`line ${lineNo}: ${parsed.complaint}`);
  };
  const sight = await new LineTail(path)
    .read({ begins: () => undefined, line })
    .catch((error: unknown) => {
      throw new RevocationFileError(`${path} cannot be read: ${faultOf(error)}`);
    });
  const isThere = sight.kind === "read";
  const isUnfinished = isThere && sight.unfinishedBytes > 0;
  return { isThere, inForce: [...latest.values()], complaints, linesUnread, isUnfinished };
}

function keep(latest: Map<string, Revocation>, revocation: Revocation, sinceMs: number): void {
  if (revocation.atMs <= sinceMs) return;
  const name = revocation.kind === "token" ? revocation.tokenId : revocation.subject;
  const key = `${revocation.kind} ${name}`;
  const known = latest.get(key);
  if (known !== undefined && known.atMs >= revocation.atMs) return;
  latest.delete(key);
  latest.set(key, revocation);
}
