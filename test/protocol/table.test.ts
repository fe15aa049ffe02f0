import { STAFF_STAGES as ACTOR_STAGES } from "../../actors/loan/application/events.ts";
import { describe, expect, test } from "vitest";
import {
  APPLICATION_STATUSES as ACTOR_STATUSES,
  GRADES as ACTOR_GRADES,
  MEDIA_TYPES as ACTOR_MEDIA_TYPES,
} from "../../actors/loan/application/application.ts";
import { ERRORS, errorByNumber, isErrorCode } from "../../src/protocol/errors.ts";
import { MEMBERS_MAX } from "../../src/protocol/json-scanner.ts";
import { FIELDS_MAX } from "../../src/protocol/plans.ts";
import {
  APPLICATION_STATUSES,
  STAFF_STAGES,
  GRADES,
  MEDIA_TYPES,
  OPERATIONS,
  PUSHES,
  REPAYMENT_METHODS,
  type Field,
  type Operation,
} from "../../src/protocol/table.ts";
import { REPAYMENT_METHODS as LENDING_METHODS } from "../../src/lending/terms.ts";

const operations = Object.entries<Operation>(OPERATIONS);
const layouts: (readonly [string, readonly Field[]])[] = [
  ...operations.map(([name, { fields }]) => [`request ${name}`, fields] as const),
  ...operations.map(([name, { reply }]) => [`reply ${name}`, reply] as const),
  ...Object.entries(PUSHES).map(([name, { fields }]) => [`push ${name}`, fields] as const),
];

/** Members of frames in JSON that are no fields, and properties that commands have besides. */
const RESERVED = ["op", "id", "re", "position", "error", "detail", "retryAfterMs", "push"];
const RESERVED_IN_COMMANDS = ["type", "fingerprint", "by"];

function expectUnique(values: readonly unknown[]): void {
  expect(new Set(values).size).toBe(values.length);
}

describe("Table of messages", () => {
  test("gives each operation, command and push its own number and name", () => {
    expectUnique(operations.map(([, { number }]) => number));
    expectUnique(operations.map(([, { command }]) => command));
    expectUnique(Object.values(PUSHES).map(({ number }) => number));
  });

  test("keeps numbers where requests, replies, errors and pushes cannot be confused", () => {
    for (const [name, { number }] of [...operations, ...Object.entries(PUSHES)]) {
      expect(Number.isInteger(number) && number >= 1 && number <= 127, name).toBe(true);
    }
  });

  test.each(layouts)(
    "%s names each field once, and no field like a part of the frame",
    (_, fields) => {
      const names = fields.map(({ name }) => name);
      expectUnique(names);
      for (const name of names) {
        expect([...RESERVED, ...RESERVED_IN_COMMANDS]).not.toContain(name);
        expect(name in Object.prototype).toBe(false);
        expect(name).toMatch(/^[a-z][A-Za-z]*$/);
      }
    },
  );

  test.each(layouts)("%s has only choices with names, and names only with choices", (_, fields) => {
    for (const { type, choices } of fields) {
      expect(choices !== undefined).toBe(type === "choice");
      expectUnique(choices ?? []);
    }
  });

  test.each(layouts)("%s has only rows with columns, and no lists in them", (_, fields) => {
    for (const { type, columns } of fields) {
      expect(columns !== undefined).toBe(type === "rows");
      expectUnique((columns ?? []).map(({ name }) => name));
      for (const column of columns ?? []) {
        expect(["rows", "loanIds"]).not.toContain(column.type);
        expect(column.name in Object.prototype).toBe(false);
      }
    }
  });

  test.each(operations)(
    "%s has nothing that must be there behind what may be left out",
    (_, row) => {
      const optional = row.fields.map((field) => field.optional === true);
      expect(optional).toEqual(optional.toSorted((a, b) => Number(a) - Number(b)));
    },
  );

  test.each(operations)("%s carries a requestId first if it mutates", (name, row) => {
    if (row.mutates) expect(row.fields[0]?.type).toBe("requestId");
    else if (name !== "request.outcome") {
      expect(row.fields.some(({ type }) => type === "requestId")).toBe(false);
    }
  });

  test.each(operations)("%s asks for nothing that only a server says", (_, row) => {
    const replied = ["errorCode", "loanIds", "ratePpm", "rows", "page"];
    for (const { type } of row.fields) expect(replied).not.toContain(type);
  });

  // Without a request id, since it may be said again: a date that has come does not come twice.
  const changes = (name: string, row: Operation): boolean =>
    row.mutates || name === "calendar.advance";

  test.each(operations)("%s may be asked by somebody", (name, row) => {
    expect(row.roles.length).toBeGreaterThan(0);
    const operations = changes(name, row) ? ["operator"] : ["operator", "auditor"];
    if (row.subject === "operations") expect(row.roles).toEqual(operations);
    const staff = changes(name, row) ? ["reviewer"] : ["reviewer", "operator", "auditor"];
    if (row.subject === "review") expect(row.roles).toEqual(staff);
  });

  test.each(operations)(
    "%s changes nothing for an auditor, and shows it all it reads",
    (name, row) => {
      expect(row.roles.includes("auditor")).toBe(!changes(name, row));
    },
  );

  test.each(operations)(
    "%s tells who asks if it changes what is not the asker's own account",
    (_, row) => {
      expect(row.tellsWho === true).toBe(row.mutates && row.subject !== "self");
    },
  );

  test("has no message with more fields than a frame in JSON may have members", () => {
    expect(FIELDS_MAX + 2).toBeLessThanOrEqual(MEMBERS_MAX);
  });
});

describe("Choices of the table", () => {
  test("name the methods of repayment that there are, in the order of the wire", () => {
    expect(REPAYMENT_METHODS).toEqual(LENDING_METHODS);
  });

  test("name grades, statuses and media types of applications, in the order of the wire", () => {
    expect(GRADES).toEqual(ACTOR_GRADES);
    expect(APPLICATION_STATUSES).toEqual(ACTOR_STATUSES);
    expect(STAFF_STAGES).toEqual(ACTOR_STAGES);
    expect(MEDIA_TYPES).toEqual(ACTOR_MEDIA_TYPES);
  });
});

describe("Table of errors", () => {
  test("gives each code its own number, and finds it by that", () => {
    expectUnique(Object.values(ERRORS).map(({ number }) => number));
    for (const [code, { number }] of Object.entries(ERRORS))
      expect(errorByNumber(number)).toBe(code);
  });

  test("knows its codes, and no property of objects besides", () => {
    expect(isErrorCode("loan_full")).toBe(true);
    for (const name of ["__proto__", "constructor", "toString", ""]) {
      expect(isErrorCode(name)).toBe(false);
    }
  });

  test("keeps the numbers that clients know", () => {
    // Stable for ever: a line that changes here breaks clients in the field.
    const known = {
      malformed_frame: 100,
      unavailable: 130,
      exceeds_available: 303,
      loan_full: 409,
    };
    for (const [code, number] of Object.entries(known)) expect(errorByNumber(number)).toBe(code);
  });
});
