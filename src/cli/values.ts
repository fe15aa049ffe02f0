// From what people type to values, and back. Each parser throws what commander shows as usage.

import { InvalidArgumentError } from "commander";
import { isId } from "../../actors/address.ts";
import { formatBusinessDate, isBusinessDate, parseBusinessDate } from "../lending/business-date.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../time/units.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
};

/** "90s", "15m", "12h", "30d"; a bare number is seconds. In ms. */
export function duration(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(text);
  const ms = Number(match?.[1]) * UNIT_MS[match?.[2] ?? "s"]!;
  if (match === null || ms === 0) {
    throw new InvalidArgumentError("expected a duration such as 90s, 15m, 12h or 30d");
  }
  return ms;
}

/** Milliseconds since the epoch, an ISO date and time, or "+15m" from now. */
export function instant(text: string, nowMs = Date.now()): number {
  if (text.startsWith("+")) return nowMs + duration(text.slice(1));
  if (/^\d{10,15}$/.test(text)) return Number(text);
  const ms = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError(
      "expected +15m (from now), 2030-01-31T12:00:00Z, or milliseconds since the epoch",
    );
  }
  return ms;
}

/** A business date as people write it, 2026-01-31, in days since 1970. */
export function businessDay(text: string): number {
  const day = parseBusinessDate(text);
  if (day === null) throw new InvalidArgumentError("expected a date such as 2026-01-31");
  return day;
}

/** Digits only: money has no exponent, no sign and no fraction of a minor unit. */
export function wholeNumber(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("expected a whole number");
  return value;
}

/** Of an account, a loan, or one of the staff. */
export function id(text: string): string {
  if (isId(text)) return text;
  throw new InvalidArgumentError(
    "expected 1 to 40 letters, digits, dots, underscores or hyphens, beginning with a letter or digit",
  );
}

/** Lines of `name  value`; amounts also as people read them. */
export function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(fields).filter(
    ([, value]) => value !== null && value !== "" && !isRows(value),
  );
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${name.padEnd(width)}  ${valueText(name, value)}`)
    .join("\n");
}

/** Rows are shown apart, as tables. */
export function isRows(value: unknown): value is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && value.some((each) => typeof each === "object" && each !== null);
}

function valueText(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(" ");
  if (typeof value === "string" && value.includes("\n")) return `\n\n${value}`;
  if (typeof value !== "number") return String(value);
  if (name.endsWith("Cents")) return `${value} (${centsText(value)})`;
  if ((name === "day" || name.endsWith("On")) && isBusinessDate(value)) {
    return `${value} (${formatBusinessDate(value)})`;
  }
  if (name.endsWith("Ppm")) return `${value} (${percentText(value)})`;
  if (isInstant(name, value)) return `${value} (${instantText(value)})`;
  return String(value);
}

/** What is less is a duration: of the instants that are not named so none is before 2001. */
const INSTANT_MS_MIN = 1_000_000_000_000;

export function isInstant(name: string, value: number): boolean {
  if (name === "at" || name.endsWith("AtMs")) return true;
  return name.endsWith("Ms") && value >= INSTANT_MS_MIN;
}

export function instantText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Millionths as per cent with two digits, rounded half away from zero: 120,000 is "12.00 %". */
export function percentText(ppm: number): string {
  const hundredths = Math.sign(ppm) * Math.round(Math.abs(ppm) / 100);
  return `${centsText(hundredths)} %`;
}

/** 123456789 is "1,234,567.89": by digits, since a float would round. */
export function centsText(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${cents < 0 ? "-" : ""}${whole}.${digits.slice(-2)}`;
}
