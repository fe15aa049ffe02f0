// Frames made by the grammar of the protocol and then broken: mutated, cut, spliced, mixed with
// what the grammar does not have. The seed is fixed, so that a failure comes again.

import { pack } from "msgpackr";
import { describe, expect, test } from "vitest";
import { isId } from "../../actors/address.ts";
import type { DecodedRequest } from "../../src/protocol/commands.ts";
import { decodeJsonRequest, decodeMsgpackRequest } from "../../src/protocol/decode-request.ts";
import { complaintAbout } from "../../src/protocol/encode-request.ts";
import { isErrorCode } from "../../src/protocol/errors.ts";
import {
  OPERATIONS,
  type Field,
  type Operation,
  type OperationName,
} from "../../src/protocol/table.ts";
import { seededRandom } from "../support/random.ts";

const FRAMES = 150_000; // of each encoding
const SEED = 20_251_124;

const random = seededRandom(SEED);
const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)]!;
const operations = Object.entries<Operation>(OPERATIONS);
const nameOfCommand = new Map(operations.map(([name, row]) => [row.command, name]));

const uuidBytes = () => {
  const bytes = Buffer.from(Array.from({ length: 16 }, () => random(256)));
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes;
};

const HOSTILE: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => "",
  () => "x".repeat(random(5_000)),
  () => "__proto__",
  () => "\ud800\u202e\u0000",
  () => -1,
  () => -0,
  () => NaN,
  () => Infinity,
  () => 1.5,
  () => 2 ** 53,
  () => 2 ** 53 + 2,
  () => -(2 ** 60),
  () => 10 ** 12 + 1,
  () => 2n ** 64n - 1n,
  () => [[[[]]]],
  () => ({ ["__proto__"]: 1, a: { b: 1 } }),
  () => uuidBytes(),
  () => uuidBytes().subarray(random(16)),
  () => new Date(0),
];

function valueOf(field: Field): unknown {
  if (random(25) === 0) return pick(HOSTILE)();
  switch (field.type) {
    case "requestId":
      return uuidBytes();
    case "accountId":
    case "loanId":
      return pick([
        "alice",
        "loan-1",
        "a".repeat(40),
        `l.${random(1e6)}_`,
        "Z9",
        "b.c",
        "-bad",
        "é",
      ]);
    case "choice":
      return random(field.choices!.length + (random(8) === 0 ? 2 : 0));
    case "flag":
      return random(2) === 0;
    case "sha256":
      return pick(["0af9".repeat(16), "0AF9".repeat(16), "0af9", "g".repeat(64)]);
    case "text":
    case "token":
      return pick(["", "ref 1", "Überweisung", "x.y.z", "😀".repeat(random(70))]);
    case "amountCents":
      return pick([1, 100, 10_000, 2 ** 31, 2 ** 32, 10 ** 12 - 1, 10 ** 12, 0, 10 ** 12 + 1]);
    default:
      return pick([0, 1, 100, 10_000, 2 ** 32 - 1, 2 ** 32, 10 ** 12, 2 ** 53 - 1]);
  }
}

function fieldsOf(row: Operation): unknown[] {
  const values = row.fields.map(valueOf);
  const change = random(20);
  if (change === 0) values.pop();
  if (change === 1) values.push(pick(HOSTILE)());
  if (change === 2) values.splice(random(values.length + 1), 1);
  return values;
}

function broken(frame: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(frame);
  switch (random(10)) {
    case 0:
      return bytes.subarray(0, random(bytes.length + 1));
    case 1:
      for (let times = 1 + random(4); times > 0; times--) {
        if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
      }
      return bytes;
    case 2: {
      const at = random(bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, at), uuidBytes(), bytes.subarray(at)]);
    }
    case 3: {
      const [from, to] = [random(bytes.length + 1), random(bytes.length + 1)];
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    }
    default:
      return bytes;
  }
}

function msgpackFrame(): Uint8Array {
  const [, row] = pick(operations);
  const head = random(30) === 0 ? [pick(HOSTILE)(), pick(HOSTILE)()] : [row.number, random(1e9)];
  return broken(pack([...head, ...fieldsOf(row)]));
}

function jsonText(value: unknown): string {
  if (Buffer.isBuffer(value)) {
    const hex = value.toString("hex");
    return `"${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}"`;
  }
  if (typeof value === "number" && !Number.isFinite(value)) return pick(["NaN", "1e999", "-1e999"]);
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "bigint") return String(value);
  return JSON.stringify(value) ?? "null";
}

function jsonFrame(): Uint8Array {
  const [name, row] = pick(operations);
  const values = fieldsOf(row);
  const members = [`"op":${jsonText(name)}`, `"id":${random(1e9)}`];
  row.fields.forEach((field, at) => {
    if (at >= values.length) return;
    const given = values[at];
    const byName = field.type === "choice" && typeof given === "number";
    members.push(`"${field.name}":${jsonText(byName ? (field.choices![given] ?? given) : given)}`);
  });
  if (random(15) === 0)
    members.push(`"${pick(["__proto__", "id", "x"])}":${jsonText(pick(HOSTILE)())}`);
  if (random(10) === 0) members.reverse();
  const text = `{${members.join(random(10) === 0 ? " ,\n" : ",")}}`;
  return broken(new TextEncoder().encode(text));
}

/** Says what is wrong with an outcome, by rules that do not share code with the decoders. */
function wrongWith(decoded: DecodedRequest): string | null {
  if (!decoded.ok) {
    const { id, code, detail } = decoded;
    if (id !== null && !isCount(id, 0xffffffff)) return `id ${id}`;
    return isErrorCode(code) && detail.length > 0 ? null : `code ${code}`;
  }
  const command = decoded.command as unknown as Record<string, unknown>;
  const name = nameOfCommand.get(decoded.command.type) as OperationName;
  const row: Operation = OPERATIONS[name];
  if (!isCount(decoded.id, 0xffffffff)) return `id ${decoded.id}`;
  const { type: _, fingerprint, ...fields } = command;
  if (row.mutates !== isCount(fingerprint, 0xffffffff)) return `fingerprint ${String(fingerprint)}`;
  if (Object.keys(fields).join() !== row.fields.map((field) => field.name).join()) return "names";
  const bad = row.fields.find((field) => !isSound(field, fields[field.name]));
  if (bad !== undefined) return `${name}.${bad.name} is ${String(fields[bad.name])}`;
  return complaintAbout(name, fields);
}

function isCount(value: unknown, most: number): boolean {
  return (
    Number.isSafeInteger(value) &&
    !Object.is(value, -0) &&
    Number(value) >= 0 &&
    Number(value) <= most
  );
}

function isSound(field: Field, value: unknown): boolean {
  if (value === null) return field.optional === true;
  switch (field.type) {
    case "requestId":
      return /^[\0-\xff]{6}[\x70-\x7f][\0-\xff][\x80-\xbf][\0-\xff]{7}$/.test(String(value));
    case "accountId":
    case "loanId":
      return typeof value === "string" && isId(value);
    case "amountCents":
      return isCount(value, 10 ** 12) && value !== 0;
    case "flag":
      return typeof value === "boolean";
    case "choice":
      return field.choices!.includes(value as string);
    case "text":
      return typeof value === "string" && /^[^\p{Cc}\p{Cs}]{0,64}$/u.test(value);
    case "sha256":
      return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
    case "token":
      return typeof value === "string" && /^[\x21-\x7e]{1,4096}$/.test(value);
    default:
      return isCount(value, Number.MAX_SAFE_INTEGER);
  }
}

describe.each([
  ["decodeMsgpackRequest", msgpackFrame, decodeMsgpackRequest],
  ["decodeJsonRequest", jsonFrame, decodeJsonRequest],
] as const)("%s", (_, make, decode) => {
  test(`answers ${FRAMES} broken and whole frames, accepting nothing out of range`, () => {
    const accepted = new Set<string>();
    const codes = new Map<string, number>();
    for (let count = 0; count < FRAMES; count++) {
      const frame = make();
      const decoded = decode(frame);
      const wrong = wrongWith(decoded);
      if (wrong !== null) throw new Error(`${wrong}: ${Buffer.from(frame).toString("hex")}`);
      if (decoded.ok) accepted.add(decoded.command.type);
      const code = decoded.ok ? "ok" : decoded.code;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    // The run must not have been trivial: whole frames of every operation, and every refusal.
    expect(accepted.size).toBe(operations.length);
    expect([...codes.keys()].toSorted()).toEqual([
      "invalid_field",
      "malformed_frame",
      "ok",
      "unknown_operation",
    ]);
    for (const [code, count] of codes) expect(count, code).toBeGreaterThan(FRAMES / 500);
    expect(codes.get("ok")).toBeGreaterThan(FRAMES / 4);
  }, 60_000);
});
