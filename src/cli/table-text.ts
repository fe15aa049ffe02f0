// Tables for people: columns as wide as their widest entry, numbers to the right.

import { formatBusinessDate, isBusinessDate } from "../lending/business-date.ts";
import { centsText, instantText, isInstant, percentText } from "./values.ts";

type Row = Readonly<Record<string, unknown>>;

/**
 * Rows of an answer under the names of their columns; units are in the values, not in the names.
 */
export function rowsText(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {});
  const head = names.map((name) => {
    const first = rows[0]![name];
    if (typeof first === "number" && isInstant(name, first)) return name.replace(/Ms$/, "");
    return name.replace(/(Cents|Ppm)$/, "");
  });
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
  if (isInstant(name, value)) return instantText(value);
  const isDay = name === "day" || name.endsWith("On");
  return isDay && isBusinessDate(value) ? formatBusinessDate(value) : String(value);
}
