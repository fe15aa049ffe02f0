// What the gateway answers is what the table of paths says: no path is spelled out in its source,
// and each one of the table is answered.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { exampleOf } from "../../src/protocol/examples.ts";
import { HTTP_DOORS } from "../../src/protocol/http-doors.ts";
import { HTTP_READS, pathWith } from "../../src/protocol/http-paths.ts";
import { OPERATIONS } from "../../src/protocol/table.ts";
import { startFixture } from "../support/gateway-fixture.ts";
import { documentWorld, get, pdf, put } from "./documents/document-world.ts";

const GATEWAY = fileURLToPath(new URL("../../src/gateway", import.meta.url));

/** String literals and templates that begin with a slash, and patterns that match one. */
function pathsIn(text: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node);
    if (isText && /^\/\w/.test(node.text)) found.push(node.text);
    if (ts.isRegularExpressionLiteral(node) && /^\/\^?\\\/\w/.test(node.text))
      found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("sample.ts", text, ts.ScriptTarget.ES2022, true));
  return found;
}

describe("The source of the gateway", () => {
  test("spells no path out: they come from the table, and so into PROTOCOL.md", () => {
    const files = readdirSync(GATEWAY, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => [name, readFileSync(join(GATEWAY, name), "utf8")] as const);
    expect(files.length).toBeGreaterThan(30);
    const spelled = files.flatMap(([name, text]) =>
      pathsIn(text).map((path) => `${name}: ${path}`),
    );
    expect(spelled).toEqual([]);
  });

  test.each([
    ['if (path === "/v1/secrets") serve();', "/v1/secrets"],
    ["const at = `/v1/loans/${id}`;", "/v1/loans/"],
    ["const PATHS = [[/^\\/v1\\/loans$/, read]];", "/^\\/v1\\/loans$/"],
  ])("would be found out by %s", (text, path) => {
    expect(pathsIn(text)).toEqual([path]);
    expect(pathsIn(`// ${text}\napp.any("/*", handle);`)).toEqual([]);
  });
});

describe("Every path of the table", () => {
  const fieldsOf = (row: (typeof HTTP_READS)[number]) => {
    const { requestId: _, ...fields } = exampleOf(OPERATIONS[row.operation].fields);
    return { ...fields, requestId: "01938c3a-7c00-7a3f-8b2d-5f6e7d8c9b0a" };
  };

  test("that is a read is one: it may find nothing, but it knows what was meant", async () => {
    const fixture = await startFixture();
    for (const row of HTTP_READS) {
      const { roles } = OPERATIONS[row.operation];
      const role = roles.find((each) => each === "operator") ?? roles[0];
      const token = await fixture.token("ops", { role });
      const headers = { authorization: `Bearer ${token}` };
      const view: Record<string, unknown> = fieldsOf(row);
      const query = Object.entries(row.query).map(
        ([name, field]) => `${name}=${String(view[field])}`,
      );
      const path = `${pathWith(row.path, view)}?${query.join("&")}`;
      const response = await fetch(`http://127.0.0.1:${fixture.port}${path}`, { headers });
      const { error = null } = (await response.json()) as { readonly error?: string };
      expect([null, ...row.errors], `${path}: ${response.status}`).toContain(error);
    }
  });

  test("that is a door answers what is told of it", async () => {
    const custodian = {
      hasRoom: true,
      callbacks: {
        signatureHeader: "loanloom-signature",
        bodyBytesMax: 1_000,
        screen: () => undefined,
        take: async () => ({ status: 200, fields: { status: "noted" } }),
      },
    };
    const { port } = await startFixture({}, { metrics: () => "up 1\n", custodian });
    const { upload: _, download: __, ...doors } = HTTP_DOORS;
    for (const { method, path, answers, example } of Object.values(doors)) {
      const body = method === "POST" ? "{}" : null;
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body });
      const told: readonly string[] = answers.map(([status]) => status.slice(0, 3));
      expect(told, `${method} ${path}`).toContain(String(response.status));
      expect(example[0]).toBe(`${method} ${path}`);
    }
  });

  test("that is a document's answers what is told of it", async () => {
    const world = await documentWorld();
    const stored = await put(world, pdf(100));
    const fields = OPERATIONS["application.document"].reply.map(({ name }) => name);
    expect(stored.status).toBe(201);
    expect(Object.keys(stored.body)).toEqual(["position", ...fields]);
    const example = JSON.parse(HTTP_DOORS.upload.example.at(-1)!) as object;
    expect(Object.keys(example)).toEqual(["position", ...fields]);
    const repeated = await put(world, pdf(100));
    expect([repeated.status, repeated.body["position"]]).toEqual([200, ""]);
    const fetched = await get(world, stored.headers.get("location")!);
    for (const line of HTTP_DOORS.download.example.slice(4, 7)) {
      const [name = ""] = line.split(":");
      expect(fetched.headers.has(name), name).toBe(true);
    }
  });
});
