// The results of a run as README shows them, with what they do not say.

import { commandTyped, writeSection } from "../command/readme-section.ts";
import { reportText, type Report } from "./report.ts";

/** Throws when the file has no place for them. */
export function writeResults(file: string, done: Report, onDay: Date): void {
  writeSection(file, "results", resultsMarkdown(done, onDay.toISOString().slice(0, 10)));
}

function resultsMarkdown(done: Report, day: string): string {
  const { rounds, durationMs, warmUpMs, clients } = done.settings;
  return [
    `Written by \`${commandTyped("bench:burst")}\` on ${day}: ${rounds} interleaved rounds of ${durationMs} ms after`,
    `${warmUpMs} ms of warm-up, ${clients} client process, closed loop; server, Redis and client on the same`,
    "machine, fsync before every answer, all features on (tokens, deduplication, ledger, MACs).",
    "",
    "```",
    reportText(done),
    "```",
    "",
    "`echo` is a bare uWebSockets.js server under the same driver: the floor of the machine. `hot` bids on",
    "one loan, `many` on a thousand; the number behind a name is sockets with one bid in flight each.",
    "",
    "Not measured here: an open loop with planned send times (a closed loop hides how long a bid would",
    "have waited to be sent), machines with more cores, a network between client and server, other",
    "systems side by side, and hours of load.",
  ].join("\n");
}
