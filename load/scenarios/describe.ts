// Scenarios for people: the list, and one of them with all its numbers.

import type { Plan } from "./plan.ts";
import { plannedRequests } from "./plan.ts";
import { OPERATIONS, type Scenario } from "./scenario.ts";

export function listScenarios(scenarios: readonly Scenario[]): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  return scenarios.map(({ name, about }) => `${name.padEnd(width)}  ${about}`).join("\n");
}

export function describeScenario(scenario: Scenario, plan: Plan): string {
  const { sizes, segments } = plan;
  const lines = [
    `${scenario.name}: ${scenario.about}`,
    "",
    `some ${whole(plannedRequests(plan))} requests, ${plan.arrivals} arrivals, seed ${plan.seed}`,
    ...Object.entries(sizes).map(([name, value]) => `  ${name.padEnd(16)} ${whole(value)}`),
  ];
  if (plan.hotCents > 0) {
    lines.push(`  ${"the hot loan".padEnd(16)} wants ${(plan.hotCents / 100).toFixed(2)}`);
  }
  lines.push("", "segments:");
  for (const segment of segments) {
    const about =
      scenario.segments.find(({ name }) => name === segment.name)?.about ?? "not reported";
    const time = `${seconds(segment.fromMs)}..${seconds(segment.toMs)} s`;
    lines.push(`  ${segment.name} (${time}, ${whole(segment.perSecond)}/s): ${about}`);
    lines.push(`    ${mixText(segment.cumulativeMix)}, on ${segment.target} loans`);
  }
  lines.push("", `not measured: ${scenario.notMeasured.join("; ")}`);
  return lines.join("\n");
}

function mixText(cumulative: readonly number[]): string {
  return OPERATIONS.flatMap((operation, at) => {
    const share = cumulative[at]! - (cumulative[at - 1] ?? 0);
    return share > 0 ? [`${operation} ${(share * 100).toFixed(0)} %`] : [];
  }).join(", ");
}

function seconds(ms: number): string {
  return String(Math.round(ms / 100) / 10);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
