// Tables for people: columns as wide as their widest entry, numbers to the right.

import { formatBusinessDate, isBusinessDate } from "../lending/business-date.ts";
import { centsText } from "./values.ts";

type Row = Readonly<Record<string, unknown>>;

/** Rows of an answer under the names of their columns; units are in the values, not in the names. */
export function rowsText(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {});
  const head = names.map((name) => name.replace(/(Cents|Ppm)$/, ""));
  const body = rows.map((row) => names.map((name) => cellText(name, row[name])));
  return tableText(
    [head, ...body],
    names.map((name) => typeof rows[0]![name] === "number"),
  );
}

/** Lines of a table; `isRight` tells which columns have numbers. */
export function tableText(
  table: readonly (readonly string[])[],
  isRight: readonly boolean[],
): string {
  const widths = isRight.map((_, column) =>
    Math.max(0, ...table.map((row) => (row[column] ?? "").length)),
  );
  const lines = table.map((row) =>
    isRight.map((right, column) => {
      const cell = row[column] ?? "";
      return right ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
    }),
  );
  return lines.map((cells) => cells.join("  ").trimEnd()).join("\n");
}

function cellText(name: string, value: unknown): string {
  if (value === null || value === undefined) return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (name.endsWith("Cents")) return centsText(value);
  if (name.endsWith("Ppm")) return percentText(value);
  const isDay = name === "day" || name.endsWith("On");
  return isDay && isBusinessDate(value) ? formatBusinessDate(value) : String(value);
}

/** Millionths as per cent with two digits, rounded half away from zero: 120,000 is "12.00 %". */
export function percentText(ppm: number): string {
  const hundredths = Math.sign(ppm) * Math.round(Math.abs(ppm) / 100);
  return `${centsText(hundredths)} %`;
}
