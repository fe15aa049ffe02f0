// What the server tells about itself over the run: /metrics, read now and then, and what each
// reading says beside the one before it. A metric that a server does not have is null, never zero.

import { get } from "node:http";

/** Value by name, labels summed up; of a histogram the cumulative counts by bound. */
export interface Scrape {
  readonly values: ReadonlyMap<string, number>;
  readonly buckets: ReadonlyMap<string, readonly (readonly [bound: number, count: number])[]>;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const BOUND = /(?:^|,)le="([^"]+)"/;
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const TIMEOUT_MS = 2_000;

export function parseScrape(text: string): Scrape {
  const values = new Map<string, number>();
  const buckets = new Map<string, Map<number, number>>();
  for (const line of text.split("\n")) {
    const [, name, labels = "", number] = LINE.exec(line) ?? [];
    const value = Number(number);
    if (name === undefined || Number.isNaN(value)) continue;
    const bound = name.endsWith("_bucket") ? BOUND.exec(labels)?.[1] : undefined;
    if (bound === undefined) {
      values.set(name, (values.get(name) ?? 0) + value);
      continue;
    }
    const of = name.slice(0, -"_bucket".length);
    const counts = buckets.get(of) ?? new Map<number, number>();
    const upTo = bound === "+Inf" ? Infinity : Number(bound);
    counts.set(upTo, (counts.get(upTo) ?? 0) + value);
    buckets.set(of, counts);
  }
  const sorted = [...buckets].map(
    ([name, counts]) => [name, [...counts].sort(([a], [b]) => a - b)] as const,
  );
  return { values, buckets: new Map(sorted) };
}

export function valueOf(scrape: Scrape, name: string): number | null {
  return scrape.values.get(name) ?? null;
}

/** What a counter, or a sum, has grown by. */
export function growthOf(before: Scrape, after: Scrape, name: string): number | null {
  const from = before.values.get(name);
  const to = after.values.get(name);
  return from === undefined || to === undefined ? null : to - from;
}

/**
 * The upper bound of the bucket that the share of the observations between two readings falls into:
 * an answer as fine as the server's buckets are. Null when there was
 * none, Infinity beyond the last.
 */
export function quantileOf(
  before: Scrape,
  after: Scrape,
  name: string,
  share: number,
): number | null {
  const counts = after.buckets.get(name);
  if (counts === undefined) return null;
  const earlier = new Map(before.buckets.get(name) ?? []);
  const grown = counts.map(([bound, count]) => [bound, count - (earlier.get(bound) ?? 0)] as const);
  const total = grown.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  return grown.find(([, count]) => count >= share * total)?.[0] ?? Infinity;
}

/** Null when the server does not answer, or not with metrics. */
export function scrape(host: string, port: number): Promise<Scrape | null> {
  return new Promise((resolve) => {
    const options = { host, port, path: "/metrics", agent: false, timeout: TIMEOUT_MS };
    const request = get(options, (answer) => {
      if (answer.statusCode !== 200) {
        answer.resume();
        return resolve(null);
      }
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
        if (text.length > BODY_BYTES_MAX) answer.destroy();
      });
      answer.once("end", () => resolve(parseScrape(text)));
      answer.once("close", () => resolve(null));
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(null));
  });
}
