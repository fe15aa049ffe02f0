// The report as one self-contained HTML page: styles, charts and data are in it, and nothing is
// fetched when it is opened, so it can be sent, kept, and read in years.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { escaped, scriptJson } from "./html.ts";
import type { LoadReport } from "./load-report.ts";
import { lasting, whole } from "./numbers.ts";
import { chartsOf, type Chart } from "./page-charts.ts";
import {
  answers,
  auditCard,
  badges,
  card,
  conditions,
  figureTables,
  findMaxTable,
  keyFigures,
  notMeasured,
} from "./page-parts.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** Throws when uPlot is not installed, or the program is not built. */
export function reportPage(report: LoadReport): string {
  const charts = chartsOf(report);
  const vendor = vendorFiles();
  const title = `${report.scenario}, ${report.at.slice(0, 16).replace("T", " ")} UTC`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(`Load: ${title}`)}</title>
<style>${vendor.style}${PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escaped(report.scenario)}</h1>
<p>${escaped(report.about)}</p>
<p class="muted">${escaped(subtitle(report))}</p>
</header>
${badges(report)}
${keyFigures(report)}
<h2>Over time</h2>
<div class="grid">${charts.map(chartCard).join("")}</div>
<h2>In figures</h2>
<div class="grid">${findMaxTable(report)}${figureTables(report)}${answers(report)}${auditCard(report)}</div>
<h2>Conditions</h2>
<div class="grid">${conditions(report)}${notMeasured(report)}</div>
<footer>Written by npm run load on ${escaped(report.at)}. Charts: uPlot ${escaped(vendor.version)}
(MIT licence).</footer>
</main>
<script type="application/json" id="charts">${scriptJson(charts)}</script>
<script>${vendor.script}</script>
<script type="module">${pageScript()}</script>
</body>
</html>
`;
}

function subtitle({ settings, figures, at }: LoadReport): string {
  const isOpen = settings["loop"] === "open";
  const load = isOpen
    ? `open loop, ${whole(Number(settings["ratePerSecond"]))} requests/s planned`
    : `loop ${String(settings["loop"])} on each connection`;
  const connections = whole(Number(settings["connections"]));
  return (
    `${at.slice(0, 16).replace("T", " ")} UTC; ${load}; ${lasting(figures.measuredMs)} measured; ` +
    `${connections} connections from ${String(settings["clients"])} client processes; ` +
    `seed ${String(settings["seed"])}`
  );
}

/** The two that are read first are as wide as the page. */
const WIDE: readonly string[] = ["throughput", "latency", "search"];

function chartCard({ id, title, note, unit }: Chart): string {
  const full =
    unit === "" ? title : unit === "a second" ? `${title} a second` : `${title}, ${unit}`;
  return card(full, note, `<div class="chart" id="${id}"></div>`, WIDE.includes(id));
}

interface VendorFiles {
  readonly script: string;
  readonly style: string;
  readonly version: string;
}

/** uPlot as it is published; nothing of it runs here. */
function vendorFiles(): VendorFiles {
  let folder: string;
  try {
    const resolve = createRequire(import.meta.url).resolve;
    folder = dirname(dirname(resolve("uplot")));
  } catch {
    throw new Error("the page needs uplot, which is not installed: npm install");
  }
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const { version } = JSON.parse(read("package.json")) as { version: string };
  return {
    script: read("dist/uPlot.iife.min.js"),
    style: read("dist/uPlot.min.css"),
    version,
  };
}

/** Beside this file once it is built; compiled like everything else. */
function pageScript(): string {
  const path = fileURLToPath(new URL("./page-script.js", import.meta.url));
  return readFileSync(path, "utf8").replace(/\/\/# sourceMappingURL=.*\n?/, "");
}
