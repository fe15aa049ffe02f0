// Growth as one SVG picture: a panel for each axis, its values on a logarithmic scale, the cost of
// a bid from zero up, with the spread of the rounds. It needs nothing but a browser.

import type { AxisFigures, Growth, PointFigures } from "./growth-report.ts";

const PANEL = { width: 400, height: 230, left: 48, right: 40, top: 34, bottom: 34 } as const;
const COLUMNS = 2;
const HEADER = 40;

const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #333 } .title { font-weight: 600 }
.grid { stroke: #ddd } .line { fill: none; stroke: #2563eb; stroke-width: 2 }
.spread { stroke: #2563eb; stroke-width: 1.5; opacity: .5 } .dot { fill: #2563eb }
.back { fill: #fff } .muted { fill: #666 } .warn { fill: #b91c1c }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .grid { stroke: #444 } .back { fill: #16181d } .muted { fill: #999 }
  .line, .spread { stroke: #7aa2ff } .dot { fill: #7aa2ff } .warn { fill: #f87171 }
}`;

export function growthSvg({ axes, machine }: Growth): string {
  const panels = Object.values(axes);
  const highest = Math.max(...panels.flatMap(({ points }) => points.map((p) => p.cpuUsHighest)));
  const top = niceTop(highest);
  const width = COLUMNS * PANEL.width;
  const height = HEADER + Math.ceil(panels.length / COLUMNS) * PANEL.height;
  const about = `CPU microseconds of server and Redis for each durable bid; ${machine.cpus} x ${machine.model}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${width}" height="${height}"/>`,
    `<text class="muted" x="${PANEL.left}" y="24">${escaped(about)}</text>`,
    ...panels.map((panel, at) => {
      const x = (at % COLUMNS) * PANEL.width;
      const y = HEADER + Math.floor(at / COLUMNS) * PANEL.height;
      return `<g transform="translate(${x} ${y})">${panelSvg(panel, top)}</g>`;
    }),
    "</svg>",
  ].join("\n");
}

function panelSvg(
  { title, points, dearestOverCheapest, isFlat }: AxisFigures,
  top: number,
): string {
  const { left, right, bottom } = PANEL;
  const plotWidth = PANEL.width - left - right;
  const plotHeight = PANEL.height - PANEL.top - bottom;
  const logs = points.map(({ value }) => Math.log10(value));
  const [from, to] = [logs[0]!, logs.at(-1)!];
  const xOf = (at: number): number =>
    left + (to === from ? 0.5 : (logs[at]! - from) / (to - from)) * plotWidth;
  const yOf = (cpuUs: number): number => PANEL.top + (1 - cpuUs / top) * plotHeight;
  const grid = [0, top / 2, top].map((value) => {
    const y = yOf(value).toFixed(1);
    const line = `<path class="grid" d="M${left} ${y}H${left + plotWidth}"/>`;
    return `${line}<text text-anchor="end" x="${left - 6}" y="${Number(y) + 4}">${value}</text>`;
  });
  const path = points.map((p, at) => `${xOf(at).toFixed(1)} ${yOf(p.cpuUs).toFixed(1)}`).join("L");
  const marks = points.map((p, at) => markSvg(p, xOf(at), yOf, PANEL.height - bottom + 18));
  const verdict = `max/min ${dearestOverCheapest.toFixed(2)}`;
  return [
    `<text class="title" x="${left}" y="18">${escaped(title)}</text>`,
    `<text class="${isFlat ? "muted" : "warn"}" text-anchor="end" x="${left + plotWidth}" y="18">`,
    `${verdict}</text>`,
    ...grid,
    `<path class="line" d="M${path}"/>`,
    ...marks,
  ].join("");
}

function markSvg(
  point: PointFigures,
  x: number,
  yOf: (cpuUs: number) => number,
  labelY: number,
): string {
  const at = x.toFixed(1);
  const spread = `M${at} ${yOf(point.cpuUsLowest).toFixed(1)}V${yOf(point.cpuUsHighest).toFixed(1)}`;
  return (
    `<path class="spread" d="${spread}"/>` +
    `<circle class="dot" cx="${at}" cy="${yOf(point.cpuUs).toFixed(1)}" r="3.5">` +
    `<title>${point.cpuUs} us, ${point.bidsPerSecond} bids/s</title></circle>` +
    `<text text-anchor="middle" x="${at}" y="${labelY}">${point.value.toLocaleString("en-US")}</text>`
  );
}

/** The next of 1, 2, 5, 10 ... above it, so that the axis has round ends. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? 10 * power;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]!);
}
