// The table of messages, compiled once into flat plans that the codecs walk: one integer for each
// kind of field, bounds and complaints beside it. It holds no rule that the table does not state.

import { ID_LENGTH_MAX } from "../../actors/address.ts";
import { AMOUNT_CENTS_MAX } from "../money/cents.ts";
import {
  OPERATIONS,
  PUSHES,
  type Field,
  type FieldType,
  type Operation,
  type OperationName,
  type PushName,
} from "./table.ts";

export const TEXT_LENGTH_MAX = 64;
/** 9999-12-31. */
export const DAY_MAX = 2_932_896;
export const TOKEN_LENGTH_MAX = 4096;
export const PAGE_LENGTH_MAX = 4000;
/** Hexadecimal digits. */
const SHA256_LENGTH = 64;
export const RATE_PPM_MIN = -1_000_000;
/**
 * Rows of one list: as many as the longest loan has instalments. Two lists of the widest rows are
 * some 200 KB of JSON, below the 256 KiB of unsent bytes after which a slow connection is closed.
 */
export const ROWS_MAX = 600;
export const REQUEST_ID_BYTES = 16;
/** Ids of requests are chosen by the client, within one connection. */
export const CORRELATION_ID_MAX = 0xffffffff;
/** A reply has the number of its operation plus this. */
export const REPLY_OFFSET = 128;
/** Frames of errors start with it. */
export const ERROR_NUMBER = 0;

/** How a field is read and written; integers differ by their bounds only. */
export const KIND = {
  integer: 0,
  id: 1,
  requestId: 2,
  choice: 3,
  flag: 4,
  text: 5,
  token: 6,
  errorCode: 7,
  ids: 8,
  sha256: 9,
  page: 10,
  rows: 11,
  signed: 12,
} as const;

export interface FieldPlan {
  readonly name: string;
  readonly type: FieldType;
  readonly kind: number;
  readonly optional: boolean;
  readonly added: boolean;
  /** Bounds of an integer, both included. */
  readonly min: number;
  readonly max: number;
  readonly choices: readonly string[];
  /** Of rows. */
  readonly columns: readonly FieldPlan[];
  /** What the client is told when the field is not as it must be. */
  readonly complaint: string;
}

export interface OperationPlan {
  readonly operation: OperationName;
  readonly number: number;
  readonly command: string;
  readonly mutates: boolean;
  readonly fields: readonly FieldPlan[];
  /** Fields up to the last one that must be there. */
  readonly fieldsMin: number;
  readonly reply: readonly FieldPlan[];
}

export interface PushPlan {
  readonly push: PushName;
  readonly number: number;
  readonly fields: readonly FieldPlan[];
}

interface TypeRow {
  readonly kind: number;
  readonly min: number;
  readonly max: number;
  /** In words, for complaints and for the documentation. */
  readonly words: string;
}

const SAFE = Number.MAX_SAFE_INTEGER;

const TYPES: Readonly<Record<FieldType, TypeRow>> = {
  requestId: { kind: KIND.requestId, min: 0, max: 0, words: "a UUID of version 7" },
  accountId: { kind: KIND.id, min: 1, max: ID_LENGTH_MAX, words: idWords("account") },
  loanId: { kind: KIND.id, min: 1, max: ID_LENGTH_MAX, words: idWords("loan") },
  amountCents: {
    kind: KIND.integer,
    min: 1,
    max: AMOUNT_CENTS_MAX,
    words: `an integer from 1 to ${AMOUNT_CENTS_MAX}`,
  },
  cents: { kind: KIND.integer, min: 0, max: SAFE, words: `an integer from 0 to ${SAFE}` },
  count: { kind: KIND.integer, min: 0, max: SAFE, words: `an integer from 0 to ${SAFE}` },
  timeMs: {
    kind: KIND.integer,
    min: 0,
    max: SAFE,
    words: `milliseconds since the epoch, an integer from 0 to ${SAFE}`,
  },
  day: {
    kind: KIND.integer,
    min: 1,
    max: DAY_MAX,
    words: `days since 1970-01-01, an integer from 1 to ${DAY_MAX}`,
  },
  ratePpm: {
    kind: KIND.signed,
    min: RATE_PPM_MIN,
    max: SAFE,
    words: `millionths, an integer from ${RATE_PPM_MIN} to ${SAFE}`,
  },
  text: {
    kind: KIND.text,
    min: 0,
    max: TEXT_LENGTH_MAX,
    words: `printable text of at most ${TEXT_LENGTH_MAX} characters`,
  },
  token: {
    kind: KIND.token,
    min: 1,
    max: TOKEN_LENGTH_MAX,
    words: `1 to ${TOKEN_LENGTH_MAX} characters of printable ASCII without spaces`,
  },
  sha256: {
    kind: KIND.sha256,
    min: SHA256_LENGTH,
    max: SHA256_LENGTH,
    words: `a SHA-256: ${SHA256_LENGTH} hexadecimal digits in lower case`,
  },
  page: {
    kind: KIND.page,
    min: 0,
    max: PAGE_LENGTH_MAX,
    words: `lines of text, at most ${PAGE_LENGTH_MAX} characters`,
  },
  flag: { kind: KIND.flag, min: 0, max: 1, words: "true or false" },
  choice: { kind: KIND.choice, min: 0, max: 0, words: "one of" },
  errorCode: { kind: KIND.errorCode, min: 0, max: 0, words: "the name of an error" },
  loanIds: { kind: KIND.ids, min: 0, max: 0, words: "a list of loan ids" },
  rows: { kind: KIND.rows, min: 0, max: ROWS_MAX, words: `a list of at most ${ROWS_MAX} rows` },
};

function idWords(whose: string): string {
  return `the id of ${whose === "account" ? "an" : "a"} ${whose}: 1 to ${ID_LENGTH_MAX} of A-Z a-z 0-9 . _ - and no punctuation first`;
}

/** What a value of this field is, in words. */
export function wordsOf(field: Field): string {
  const words = TYPES[field.type].words;
  return field.type === "choice" ? `${words} ${field.choices!.join(", ")}` : words;
}

function planOf(field: Field): FieldPlan {
  const { kind, min, max } = TYPES[field.type];
  const optional = field.optional === true;
  return {
    name: field.name,
    type: field.type,
    kind,
    optional,
    added: field.added === true,
    min,
    max: kind === KIND.choice ? field.choices!.length - 1 : max,
    choices: field.choices ?? [],
    columns: (field.columns ?? []).map(planOf),
    complaint: `${field.name} must be ${wordsOf(field)}${optional ? ", or left out" : ""}`,
  };
}

function planOfOperation(operation: OperationName): OperationPlan {
  const row: Operation = OPERATIONS[operation];
  const fields = row.fields.map(planOf);
  return {
    operation,
    number: row.number,
    command: row.command,
    mutates: row.mutates,
    fields,
    fieldsMin: fields.findLastIndex((field) => !field.optional) + 1,
    reply: row.reply.map(planOf),
  };
}

export const OPERATION_PLANS: ReadonlyMap<string, OperationPlan> = new Map(
  (Object.keys(OPERATIONS) as OperationName[]).map((name) => [name, planOfOperation(name)]),
);

/** By number; the holes are undefined. */
export const OPERATION_PLANS_BY_NUMBER: readonly (OperationPlan | undefined)[] = byNumber([
  ...OPERATION_PLANS.values(),
]);

export const PUSH_PLANS: ReadonlyMap<string, PushPlan> = new Map(
  (Object.keys(PUSHES) as PushName[]).map((push) => [
    push,
    { push, number: PUSHES[push].number, fields: PUSHES[push].fields.map(planOf) },
  ]),
);

export const PUSH_PLANS_BY_NUMBER: readonly (PushPlan | undefined)[] = byNumber([
  ...PUSH_PLANS.values(),
]);

/** The most fields that a request has. */
export const FIELDS_MAX = Math.max(
  ...[...OPERATION_PLANS.values()].map((plan) => plan.fields.length),
);

function byNumber<Plan extends { readonly number: number }>(plans: readonly Plan[]) {
  const table: (Plan | undefined)[] = new Array<Plan | undefined>(128).fill(undefined);
  for (const plan of plans) table[plan.number] = plan;
  return table;
}
