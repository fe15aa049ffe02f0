// What a setting is: a variable of the environment, how its text becomes a value, and what to tell
// people about it. Each kind of value says what it expects, so that an error can repeat it. A
// setting never reads the environment or the disk itself.

import { z } from "zod";
import { parseRedisUrl } from "../journal/redis-url.ts";

export interface Setting<T> {
  readonly variable: string;
  readonly about: string;
  /** In what a number is counted; it is also the end of the setting's name where that helps. */
  readonly unit: string | null;
  /** What is taken when the variable is absent or empty, as text; null: nothing. */
  readonly fallback: string | null;
  /** Never shown, neither in listings nor in errors. */
  readonly secret: boolean;
  /** Completes "expected ...". */
  readonly expected: string;
  readonly schema: z.ZodType<T, string>;
}

interface Naming {
  readonly variable: string;
  readonly about: string;
}

/** Digits only: no sign, no exponent, no "12abc" that parseInt would take for 12. */
export function limit(
  variable: string,
  fallback: number,
  unit: string,
  [min, max]: readonly [number, number],
  about: string,
): Setting<number> {
  return {
    variable,
    about,
    unit,
    fallback: String(fallback),
    secret: false,
    expected: `a whole number from ${min} to ${max}`,
    schema: z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number)
      .pipe(z.number().min(min).max(max)),
  };
}

const FLAG_WORDS: Readonly<Record<string, boolean>> = {
  "1": true,
  true: true,
  yes: true,
  "0": false,
  false: false,
  no: false,
};

export function flag({ fallback, ...naming }: Naming & { fallback: boolean }): Setting<boolean> {
  return {
    ...naming,
    unit: null,
    fallback: fallback ? "yes" : "no",
    secret: false,
    expected: "yes or no",
    schema: z
      .string()
      .refine((text) => Object.hasOwn(FLAG_WORDS, text.toLowerCase()))
      .transform((text) => FLAG_WORDS[text.toLowerCase()] === true),
  };
}

export function choice<const Choices extends readonly [string, ...string[]]>({
  choices,
  fallback,
  ...naming
}: Naming & { choices: Choices; fallback: Choices[number] }): Setting<Choices[number]> {
  return {
    ...naming,
    unit: null,
    fallback,
    secret: false,
    expected: `one of ${choices.join(", ")}`,
    schema: z.string().pipe(z.enum(choices)),
  };
}

interface Text extends Naming {
  readonly fallback: string;
  readonly expected: string;
  readonly pattern: RegExp;
}

export function text({ pattern, ...rest }: Text): Setting<string> {
  return { ...rest, unit: null, secret: false, schema: z.string().regex(pattern) };
}

export function optionalText({
  pattern,
  secret = false,
  ...rest
}: Omit<Text, "fallback"> & { secret?: boolean }): Setting<string | null> {
  return { ...rest, unit: null, fallback: null, secret, schema: z.string().regex(pattern) };
}

export function optionalUrl({
  protocols,
  ...naming
}: Naming & { protocols: readonly string[] }): Setting<string | null> {
  return {
    ...naming,
    unit: null,
    fallback: null,
    secret: false,
    expected: `a URL that starts with ${protocols.map((name) => `${name}//`).join(" or ")}`,
    schema: z.string().refine((candidate) => {
      return URL.canParse(candidate) && protocols.includes(new URL(candidate).protocol);
    }),
  };
}

/** Never shown: it may have a password in it. */
export function optionalRedisUrl(naming: Naming): Setting<string | null> {
  return {
    ...naming,
    unit: null,
    fallback: null,
    secret: true,
    expected:
      "redis://host:port, rediss://host:port, unix:/path, redis-sentinel://host:port,.../name, " +
      "redis-cluster://host:port,...",
    schema: z.string().refine(isRedisUrl),
  };
}

function isRedisUrl(candidate: string): boolean {
  try {
    parseRedisUrl(candidate);
    return true;
  } catch {
    return false;
  }
}

/** Origins as browsers send them, comma-separated; `*` alone means any. */
export function origins(naming: Naming): Setting<readonly string[]> {
  return {
    ...naming,
    unit: null,
    fallback: "",
    secret: false,
    expected: "origins such as https://app.example.com, separated by commas, or *",
    schema: z
      .string()
      .transform((list) =>
        list
          .split(",")
          .map((origin) => origin.trim())
          .filter((origin) => origin !== ""),
      )
      .refine((list) => list.every(isOrigin) && (list.length <= 1 || !list.includes("*"))),
  };
}

function isOrigin(candidate: string): boolean {
  return candidate === "*" || (URL.canParse(candidate) && new URL(candidate).origin === candidate);
}

/** 32 bytes of key, as 64 hexadecimal digits or as Base64 (either alphabet, padding optional). */
export function optionalKey(naming: Naming): Setting<Uint8Array | null> {
  return {
    ...naming,
    unit: null,
    fallback: null,
    secret: true,
    expected: "32 bytes as 64 hexadecimal digits or as Base64 (try: openssl rand -hex 32)",
    schema: z
      .string()
      .regex(/^(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/)
      .transform(keyBytes),
  };
}

/** One to four keys of 32 bytes, separated by commas. */
export function optionalKeys(naming: Naming): Setting<readonly Uint8Array[] | null> {
  return {
    ...naming,
    unit: null,
    fallback: null,
    secret: true,
    expected: "1 to 4 keys of 64 hexadecimal digits, with commas (try: openssl rand -hex 32)",
    schema: z
      .string()
      .regex(/^[0-9a-fA-F]{64}(?:\s*,\s*[0-9a-fA-F]{64}){0,3}$/)
      .transform((list) => list.split(",").map((key) => keyBytes(key.trim()))),
  };
}

function keyBytes(encoded: string): Uint8Array {
  const bytes = Buffer.from(encoded, encoded.length === 64 ? "hex" : "base64");
  return new Uint8Array(bytes);
}
