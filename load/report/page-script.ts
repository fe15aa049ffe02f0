// Draws the charts of the report's page, in a browser. The page has uPlot and the report as data;
// this file is compiled with the rest and put into the page as it is.

import type { Chart } from "./page-charts.ts";

// The program is compiled without the types of browsers: these are what is used of them.
interface Elem {
  clientWidth: number;
  textContent: string | null;
  replaceChildren(): void;
}
interface Context {
  fillStyle: string;
  font: string;
  textAlign: string;
  save(): void;
  restore(): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
}
interface Plot {
  readonly ctx: Context;
  readonly bbox: { left: number; top: number; width: number; height: number };
  valToPos(value: number, scale: string, canvas: boolean): number;
  setSize(size: { width: number; height: number }): void;
  destroy(): void;
}
declare const uPlot: new (
  options: object,
  data: readonly (readonly unknown[])[],
  into: Elem,
) => Plot;
declare const document: {
  querySelector(query: string): Elem | null;
  readonly documentElement: Elem;
};
declare const window: {
  addEventListener(event: string, act: () => void): void;
  matchMedia(query: string): { addEventListener(event: string, act: () => void): void };
  readonly devicePixelRatio: number;
};
declare function getComputedStyle(of: Elem): { getPropertyValue(name: string): string };

const HEIGHT = 260;
const source = document.querySelector("#charts")!.textContent!;
const charts = JSON.parse(source) as readonly Chart[];
const drawn = new Map<string, Plot>();

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function shown(value: number | null, unit: string): string {
  if (value === null) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = value.toLocaleString("en-US", { maximumFractionDigits: digits });
  return unit === "" ? text : `${text} ${unit}`;
}

function percentileText(x: number): string {
  const nines = Math.round(x * 1000) / 1000;
  const percentile = 100 * (1 - 10 ** -nines);
  return `${Number(percentile.toFixed(Math.max(0, Math.ceil(nines) - 1)))} %`;
}

function xText(chart: Chart, value: number): string {
  if (chart.axis === "percentile") return percentileText(value);
  if (chart.axis === "rate") return shown(value, "/s");
  return `${Number(value.toFixed(2))} s`;
}

/** Every other segment lies on a band, and each has its name. */
function bands(chart: Chart): object {
  return {
    hooks: {
      drawClear: (plot: Plot) => {
        if (chart.segments.length < 2) return;
        const { ctx, bbox } = plot;
        const ratio = window.devicePixelRatio;
        ctx.save();
        ctx.font = `${11 * ratio}px system-ui, sans-serif`;
        ctx.textAlign = "left";
        chart.segments.forEach(({ name, from, to }, at) => {
          const left = Math.max(plot.valToPos(from, "x", true), bbox.left);
          const right = Math.min(plot.valToPos(to, "x", true), bbox.left + bbox.width);
          if (at % 2 === 1) {
            ctx.fillStyle = colour("band");
            ctx.fillRect(left, bbox.top, right - left, bbox.height);
          }
          ctx.fillStyle = colour("muted");
          if (right - left > name.length * 6 * ratio) {
            ctx.fillText(name, left + 6 * ratio, bbox.top + 14 * ratio);
          }
        });
        ctx.restore();
      },
    },
  };
}

function axes(chart: Chart): readonly object[] {
  const line = { stroke: colour("grid"), width: 1 };
  const font = "12px system-ui, sans-serif";
  const common = { stroke: colour("muted"), grid: line, ticks: line, font };
  const x = {
    ...common,
    values: (_: Plot, splits: readonly number[]) => splits.map((value) => xText(chart, value)),
    ...(chart.axis === "percentile" && {
      splits: () => [0, 1, 2, 3, 4, 5].filter((nines) => nines <= chart.x.at(-1)!),
    }),
  };
  const y = {
    ...common,
    size: 56,
    // The unit stands in the title.
    values: (_: Plot, splits: readonly (number | null)[]) =>
      splits.map((value) => (value === null ? "" : shown(value, ""))),
  };
  return [x, y];
}

function optionsOf(chart: Chart, width: number): object {
  return {
    width,
    height: HEIGHT,
    padding: [10, 14, 0, 0],
    cursor: chart.axis === "time" ? { sync: { key: "time" } } : {},
    scales: {
      x: {
        time: false,
        ...(chart.axis === "time" && { range: () => [0, chart.until] }),
      },
      y: chart.isLog
        ? { distr: 3 }
        : {
            range: (_: Plot, __: number, most: number | null) => [0, (most ?? 0) * 1.2 || 1],
          },
    },
    axes: axes(chart),
    series: [
      {
        label: chart.axis === "time" ? "time" : chart.axis,
        value: (_: Plot, value: number | null) => (value === null ? "–" : xText(chart, value)),
      },
      ...chart.series.map(({ label, colour: name, dashed, points }) => ({
        label,
        stroke: colour(name),
        width: points ? 0 : 2,
        ...(dashed && { dash: [6, 4] }),
        points: points ? { show: true, size: 8, fill: colour(name) } : { show: false },
        spanGaps: false,
        value: (_: Plot, value: number | null) => shown(value, chart.unit),
      })),
    ],
    plugins: [bands(chart)],
  };
}

function draw(): void {
  for (const chart of charts) {
    const place = document.querySelector(`#${chart.id}`);
    if (place === null) continue;
    drawn.get(chart.id)?.destroy();
    place.replaceChildren();
    const data = [chart.x, ...chart.series.map(({ values }) => values)];
    drawn.set(chart.id, new uPlot(optionsOf(chart, place.clientWidth), data, place));
  }
}

function resize(): void {
  for (const chart of charts) {
    const width = document.querySelector(`#${chart.id}`)?.clientWidth ?? 0;
    if (width > 0) drawn.get(chart.id)?.setSize({ width, height: HEIGHT });
  }
}

draw();
window.addEventListener("resize", resize);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
