import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import type { MetricRow } from "../../src/ops/metric-row.ts";
import { METRICS } from "../../src/ops/metrics-table.ts";

function deployed(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), "utf8");
}

/** Names as they appear in queries: histograms by their series. */
const SERIES = new Set(
  (Object.values(METRICS) as MetricRow[]).flatMap(({ name, type }) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
    readonly gridPos: {
      readonly x: number;
      readonly y: number;
      readonly w: number;
      readonly h: number;
    };
  }[];
}

describe("Monitoring", () => {
  test.each(["grafana/loanloom.json", "alerts.yml"])(
    "%s asks only for metrics that exist",
    (file) => {
      const asked = deployed(file).match(/\bloanloom_[a-z_]+/g) ?? [];
      expect(asked.length).toBeGreaterThan(5);
      expect(asked.filter((name) => !SERIES.has(name))).toEqual([]);
    },
  );

  test("labels in queries are labels of the metric", () => {
    const rows = Object.values(METRICS) as MetricRow[];
    const queries = `${deployed("grafana/loanloom.json")}\n${deployed("alerts.yml")}`;
    const grouped = [
      ...queries.matchAll(/by \(([a-z]+)\) \((?:rate|increase)\((loanloom_[a-z_]+)/g),
    ];
    expect(grouped.length).toBeGreaterThan(3);
    for (const [, label, name] of grouped) {
      const row = rows.find((each) => name === each.name || name === `${each.name}_bucket`);
      const labels = row?.type === "histogram" ? ["le"] : row?.labels;
      expect(labels, `${name} by ${label}`).toContain(label);
    }
  });

  test("panels of the dashboard do not overlap", () => {
    const { panels } = JSON.parse(deployed("grafana/loanloom.json")) as Dashboard;
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x},${y}`), `${title} at ${x},${y}`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
      }
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  test("the time that a container has to stop is enough for all that a stop waits for", () => {
    const { gateway, journal, redis } = loadConfig({});
    const waitsMs = gateway.drainMsMax + journal.closeWaitMs + redis.stopMsMax;
    const [, seconds] = /image|build: \.\.[\s\S]*?stop_grace_period: (\d+)s/.exec(
      deployed("compose.yml"),
    )!;
    expect(Number(seconds) * 1_000).toBeGreaterThan(waitsMs);
  });

  test("the settings that containers are given exist", () => {
    const named = `${deployed("compose.yml")}\n${deployed("README.md")}\n${deployed("../Dockerfile")}`;
    const given = new Set(named.match(/\bLOANLOOM_[A-Z_]+/g));
    expect(given.size).toBeGreaterThan(4);
    const { LOANLOOM_DATA: _, ...known } = Object.fromEntries([...given].map((name) => [name, ""]));
    expect(() => loadConfig(known)).not.toThrow();
  });
});
