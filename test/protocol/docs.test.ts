import { readFileSync } from "node:fs";
import schemas from "@asyncapi/specs";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { format } from "prettier";
import { describe, expect, test } from "vitest";
import { asyncApiDocument } from "../../src/protocol/asyncapi.ts";
import { decodeJsonRequest } from "../../src/protocol/decode-request.ts";
import { ERRORS } from "../../src/protocol/errors.ts";
import { protocolPage } from "../../src/protocol/protocol-page.ts";
import { OPERATIONS, PUSHES } from "../../src/protocol/table.ts";

type Json = Record<string, unknown>;
interface Message {
  readonly payload: Json;
  readonly examples: readonly { readonly payload: Json }[];
}

const committed = (name: string) =>
  readFileSync(new URL(`../../src/protocol/${name}`, import.meta.url), "utf8");

const document = asyncApiDocument();
const { messages } = document["components"] as { messages: Record<string, Message> };

function validator(): Ajv {
  const ajv = new Ajv({ strict: false, allowUnionTypes: true });
  addFormats.default(ajv);
  return ajv;
}

function targetOf(reference: string): unknown {
  return reference
    .slice(2)
    .split("/")
    .reduce<unknown>((at, key) => (at as Json | undefined)?.[key], document);
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" ? [inner as string] : referencesIn(inner),
  );
}

describe("The documentation that is committed", () => {
  test("asyncapi.json is what the table says now (else: npm run docs)", () => {
    expect(JSON.parse(committed("asyncapi.json"))).toEqual(document);
  });

  test("PROTOCOL.md is what the table says now (else: npm run docs)", async () => {
    const made = await format(protocolPage(), { parser: "markdown", printWidth: 100 });
    expect(committed("PROTOCOL.md")).toBe(made);
  });
});

describe("The AsyncAPI document", () => {
  test("is valid by the schema of AsyncAPI 3.0.0", () => {
    // It brings the drafts that it builds on: Ajv must not have its own.
    const ajv = new Ajv({ strict: false, meta: false, validateSchema: false });
    addFormats.default(ajv);
    const valid = ajv.compile(schemas.schemas["3.0.0"] as object);
    valid(document);
    expect(valid.errors).toBeNull();
    expect(valid({ ...document, asyncapi: "2.0.0" })).toBe(false);
    expect(valid({ ...document, channels: { session: { addres: "x" } } })).toBe(false);
  });

  test("refers to nothing that it does not have", () => {
    const references = referencesIn(document);
    expect(references.length).toBeGreaterThan(100);
    for (const reference of references) expect(targetOf(reference), reference).toBeDefined();
  });

  test.each(Object.keys(messages))(
    "gives an example of %s that is valid by its own schema",
    (name) => {
      const valid = validator().compile(messages[name]!.payload);
      for (const { payload } of messages[name]!.examples) {
        valid(payload);
        expect(valid.errors).toBeNull();
        expect(valid({ ...payload, id: -1, push: 1, re: 1 })).toBe(false);
      }
    },
  );

  test("gives examples of requests that the server accepts", () => {
    for (const name of Object.keys(OPERATIONS)) {
      const [example] = messages[`${name}.request`]!.examples;
      expect(decodeJsonRequest(JSON.stringify(example!.payload)).ok, name).toBe(true);
    }
  });
});

describe("PROTOCOL.md", () => {
  test("has every operation, push, field and error", () => {
    const page = protocolPage();
    for (const [name, { fields, reply }] of Object.entries(OPERATIONS)) {
      expect(page).toContain(`### ${name}\n`);
      for (const field of [...fields, ...reply]) expect(page).toContain(`\`${field.name}\``);
    }
    for (const name of Object.keys(PUSHES)) expect(page).toContain(`### ${name}\n`);
    for (const [code, { number }] of Object.entries(ERRORS)) {
      expect(page).toContain(`| ${number} | \`${code}\` |`);
    }
  });
});
