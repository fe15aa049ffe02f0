// The head of a shard, `epoch-seq:mac`: where its journal ends. Redis compares it as a whole before
// each commit, so whoever does not know the last MAC cannot append.

import { JournalError, type HaltReason } from "./errors.ts";
import { MAC_BYTES, type ChainPoint } from "./mac-chain.ts";
import { formatPosition, tryParsePosition, type Position } from "./position.ts";

export function formatHead(position: Position, mac: Uint8Array): string {
  return `${formatPosition(position)}:${Buffer.from(mac).toString("hex")}`;
}

/** Undefined when the text is no head. */
export function tryParseHead(text: string): ChainPoint | undefined {
  const [before, hex, ...more] = text.split(":");
  const position = tryParsePosition(before ?? "");
  if (position === undefined || hex === undefined || more.length > 0) return undefined;
  if (!/^[0-9a-f]*$/.test(hex) || hex.length !== MAC_BYTES * 2) return undefined;
  return { position, mac: Buffer.from(hex, "hex") };
}

/** Throws JournalError `tampered` when the text is no head. */
export function parseHead(text: string): ChainPoint {
  const head = tryParseHead(text);
  if (head === undefined) throw new JournalError("tampered", malformedHead(text));
  return head;
}

export function malformedHead(text: string): string {
  return `the head is malformed: ${JSON.stringify(text)}`;
}

/**
 * The head that a function refused because of; "" when there is none, undefined when it refused
 * for another reason.
 */
export function fencedHead(message: string): string | undefined {
  if (!message.startsWith("FENCED ")) return undefined;
  const head = message.slice("FENCED ".length);
  return head === "none" ? "" : head;
}

/**
 * What a head means that is not among the batches which the owner of `epoch` keeps; those start
 * with number `oldestSeq`, undefined as long as nothing of this owner was committed.
 */
export function judgeHead(
  head: string,
  epoch: number,
  oldestSeq: number | undefined,
): { reason: HaltReason; detail: string } {
  if (head === "") return { reason: "rewound", detail: "Redis has lost the head" };
  const parsed = tryParseHead(head);
  if (parsed === undefined) {
    return { reason: "tampered", detail: malformedHead(head) };
  }
  const at = formatPosition(parsed.position);
  const isOthers = parsed.position.epoch > epoch || oldestSeq === undefined;
  if (parsed.position.epoch >= epoch && isOthers) {
    return { reason: "fenced", detail: `another owner has taken over, the head is ${at}` };
  }
  if (parsed.position.epoch < epoch || parsed.position.seq < (oldestSeq ?? 0)) {
    return { reason: "rewound", detail: `Redis went back to ${at}, further than is kept` };
  }
  return { reason: "tampered", detail: `the head ${at} has a MAC that this owner never wrote` };
}
