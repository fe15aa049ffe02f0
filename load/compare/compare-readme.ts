// A comparison as README shows it, with all that limits it.

import { commandTyped, writeSection } from "../command/readme-section.ts";
import { measuredText, publishedLine, remarks, type Comparison } from "./compare-report.ts";
import { PUBLISHED } from "./published.ts";

/**
 * Throws when the file has no place for it, or when the run was cut
 * short: README shows whole runs only.
 */
export function writeComparison(file: string, comparison: Comparison, onDay: Date): void {
  if (comparison.interrupted) throw new Error(`an interrupted run is not written to ${file}`);
  writeSection(file, "compare", comparisonMarkdown(comparison, onDay.toISOString().slice(0, 10)));
}

function comparisonMarkdown(comparison: Comparison, day: string): string {
  const { settings, peers, contests } = comparison;
  const measured = new Set(Object.values(contests).flatMap((each) => Object.keys(each.peers)));
  return [
    `Written by \`${commandTyped("compare")}\` on ${day}: ${settings["rounds"]} interleaved rounds`,
    `of ${settings["duration"]} ms after ${settings["warmUp"]} ms of warm-up, ${settings["clients"]} client process; all`,
    "peers, their stores and the client on the same machine, the same gateway, frames and loans.",
    "",
    "```",
    measuredText(comparison),
    "```",
    "",
    "What each does before it answers:",
    "",
    ...peers
      .filter(({ key }) => measured.has(key))
      .map(({ name, how, durability, atomicity }) => {
        return `- ${name}: ${how}. Durability: ${durability}. Atomic: ${atomicity}.`;
      }),
    "",
    "Loanloom alone verifies tokens, remembers refusals, keeps a ledger and a chain of MACs, and can push.",
    "Each peer's store was held against its clients' answers: raised = recorded = held = accepted.",
    ...remarks(comparison),
    "",
    "Published elsewhere, on other machines and under other loads, not measured here:",
    "",
    ...PUBLISHED.map(publishedLine),
    "",
    "Not measured here: an open loop, more cores, a network, replicas, hours of load, other tunings of the",
    "peers than ours.",
  ].join("\n");
}
