// Puts the results of a run into README, between its two markers: figures are never typed there.

import { readFileSync, writeFileSync } from "node:fs";
import { reportText, type Report } from "./report.ts";

const BEGIN = "<!-- results:begin -->";
const END = "<!-- results:end -->";

/** Throws when the file has no markers: it is then not README. */
export function writeResults(file: string, done: Report, onDay: Date): void {
  const text = readFileSync(file, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for results`);
  const results = resultsMarkdown(done, onDay.toISOString().slice(0, 10));
  writeFileSync(file, `${text.slice(0, begin + BEGIN.length)}\n\n${results}\n\n${text.slice(end)}`);
}

function resultsMarkdown(done: Report, day: string): string {
  const { rounds, durationMs, warmUpMs, clients } = done.settings;
  const command = `npm run bench:burst -- ${done.recovery === null ? "" : "--recovery "}--readme README.md`;
  return [
    `Written by \`${command}\` on ${day}: ${rounds} interleaved rounds of ${durationMs} ms after`,
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
