// The laws of the table of HTTP paths, and that what PROTOCOL.md says of each of them is true.

import { describe, expect, test } from "vitest";
import { CALLBACK_STATUS } from "../../src/custodian/callback.ts";
import { sign, SIGNATURE_HEADER } from "../../src/custodian/signature.ts";
import { parseObject, readNotice } from "../../src/custodian/wire.ts";
import { ERRORS } from "../../src/protocol/errors.ts";
import { HTTP_DOORS } from "../../src/protocol/http-doors.ts";
import { HTTP_READS, pathWith } from "../../src/protocol/http-paths.ts";
import { httpStatusOf } from "../../src/protocol/http-status.ts";
import { KIND, OPERATION_PLANS } from "../../src/protocol/plans.ts";
import { protocolPage } from "../../src/protocol/protocol-page.ts";
import { OPERATIONS, type Operation } from "../../src/protocol/table.ts";

const page = protocolPage();
const READS = HTTP_READS.map((row) => [row.path, row] as const);
const DOORS = Object.entries(HTTP_DOORS);

function namesIn(path: string): readonly string[] {
  return Array.from(path.matchAll(/:(\w+)/g), ([, name]) => name!);
}

describe("A path of HTTP", () => {
  test("stands in the table once for each method", () => {
    const all = [
      ...HTTP_READS.map(({ path }) => `GET ${path}`),
      ...DOORS.map(([, { method, path }]) => `${method} ${path}`),
    ];
    expect(new Set(all).size).toBe(all.length);
    for (const each of all) expect(page).toContain(`### ${each}\n`);
  });

  test.each(READS)(
    "that reads, %s, changes nothing and says all that its operation needs",
    (_, row) => {
      const operation: Operation = OPERATIONS[row.operation];
      expect([operation.mutates, operation.tellsWho]).toEqual([false, undefined]);
      const inPath = namesIn(row.path);
      const inQuery = Object.values(row.query);
      const fields = operation.fields.map(({ name }) => name);
      expect([...inPath, ...inQuery].sort()).toEqual([...fields].sort());
      for (const { name, optional, kind } of OPERATION_PLANS.get(row.operation)!.fields) {
        expect(optional || inPath.includes(name), name).toBe(true);
        expect([KIND.id, KIND.integer, KIND.requestId, KIND.choice, KIND.flag]).toContain(kind);
      }
    },
  );

  test.each(DOORS)("of %s tells all that varies in it", (_, { path, parameters }) => {
    const told: readonly { readonly name: string; readonly in: string }[] = parameters;
    const inPath = told.filter((each) => each.in === "path").map(({ name }) => name);
    expect(inPath).toEqual(namesIn(path));
  });

  test("is filled in with percent-encoded values", () => {
    const path = pathWith(HTTP_DOORS.upload.path, { loanId: "l-1", document: "a b/c" });
    expect(path).toBe("/v1/applications/l-1/documents/a%20b%2Fc");
  });

  test("is refused with the status that the table of errors shows", () => {
    for (const [code, { number }] of Object.entries(ERRORS)) {
      const status = httpStatusOf(code as keyof typeof ERRORS).slice(0, 3);
      expect(page).toContain(`| ${number} | \`${code}\` | ${status} |`);
    }
  });
});

describe("The example of a callback", () => {
  const { parameters, answers, example } = HTTP_DOORS.callbacks;
  const [, header, , body] = example;

  test("is signed, with a key of 32 zero bytes, and is a notice", () => {
    const atMs = Number(/t=(\d+)/.exec(header)![1]);
    const signature = sign([body], [Buffer.alloc(32)], atMs);
    expect(header).toBe(`${SIGNATURE_HEADER}: ${signature}`);
    expect(readNotice(parseObject(body)!)).toMatchObject({ type: "deposit_booked" });
  });

  test("and what is told beside it have every field and every refusal of the reader", () => {
    const fields = parameters.filter((each) => each.in === "body").map(({ name }) => name);
    const failed = {
      ...parseObject(body),
      type: "payout_failed",
      failedAtMs: 1,
      reason: "account_closed",
    };
    expect(readNotice(failed)).toBeDefined();
    expect(Object.keys(failed).sort()).toEqual([...fields].sort());
    for (const [reason, status] of Object.entries(CALLBACK_STATUS)) {
      const answer = answers.find(([told]) => told.startsWith(`${status} `));
      expect(answer?.[1], reason).toContain(`\`${reason}\``);
    }
  });
});
