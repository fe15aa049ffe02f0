// A gateway with a store of documents, and applications of "alice" to attach them to.

import { request as httpRequest } from "node:http";
import {
  createDocumentCounters,
  type DocumentCounters,
} from "../../../src/gateway/documents/counters.ts";
import { DOCUMENT_LIMITS, type DocumentLimits } from "../../../src/gateway/documents/limits.ts";
import type { GatewayConfig } from "../../../src/gateway/config.ts";
import type { DocumentStore } from "../../../src/documents/store.ts";
import type { Role } from "../../../src/protocol/table.ts";
import { openStore, tempFolder } from "../../documents/store-folder.ts";
import { requestIds } from "../../support/gateway-client.ts";
import { SECRET, startFixture, type Fixture } from "../../support/gateway-fixture.ts";

export interface DocumentWorld extends Fixture {
  readonly store: DocumentStore;
  readonly folder: string;
  readonly transfers: DocumentCounters;
  apply(loanId: string, borrower?: string): Promise<void>;
  bearer(subject: string, role?: Role): Promise<string>;
}

export interface WorldOptions {
  readonly limits?: Partial<DocumentLimits>;
  readonly config?: Partial<GatewayConfig>;
  readonly freeBytesMin?: number;
}

export async function documentWorld(options: WorldOptions = {}): Promise<DocumentWorld> {
  const folder = await tempFolder();
  const store = await openStore({ folder, freeBytesMin: options.freeBytesMin ?? 0 });
  const transfers = createDocumentCounters();
  const limits = { ...DOCUMENT_LIMITS, ...options.limits };
  const fixture = await startFixture(
    options.config,
    {},
    { kind: "secret", secret: SECRET },
    { store, limits, counters: transfers },
  );
  const bearer = async (subject: string, role: Role = "client"): Promise<string> =>
    `Bearer ${await fixture.token(subject, { role })}`;
  const apply = async (loanId: string, borrower = "alice"): Promise<void> => {
    const client = await fixture.client(borrower);
    await client.must("application.create", {
      requestId: requestIds.next(),
      loanId,
      amountCents: 1_000_000,
      purpose: "a kiln",
      method: "equal_instalment",
      term: 12,
      rateBps: 900,
    });
    client.close();
  };
  await fixture.fund("alice", 1_000);
  await fixture.fund("bob", 1_000);
  await apply("loan-1");
  return Object.assign(fixture, { store, folder, transfers, apply, bearer });
}

export function pdf(bytes: number, seed = 0): Buffer {
  const content = Buffer.alloc(bytes, `${seed} `);
  content.write("%PDF-1.7\n", 0, "latin1");
  return content;
}

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  readonly bytes: Buffer;
}

async function told(response: Response): Promise<Told> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  const body = isJson ? (JSON.parse(bytes.toString()) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, body, bytes };
}

export interface PutOptions {
  readonly loanId?: string;
  readonly name?: string;
  readonly by?: string;
  readonly role?: Role;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function put(
  world: DocumentWorld,
  bytes: Uint8Array | ReadableStream,
  options: PutOptions = {},
): Promise<Told> {
  const { loanId = "loan-1", name = "statement.pdf", by = "alice", role = "client" } = options;
  const path = `/v1/applications/${loanId}/documents/${encodeURIComponent(name)}`;
  const init = {
    method: "PUT",
    body: bytes,
    duplex: "half",
    headers: {
      authorization: await world.bearer(by, role),
      "content-type": "application/pdf",
      ...options.headers,
    },
  };
  return told(await fetch(`http://127.0.0.1:${world.port}${path}`, init as RequestInit));
}

export async function get(
  world: DocumentWorld,
  path: string,
  by = "alice",
  role: Role = "client",
): Promise<Told> {
  const headers = { authorization: await world.bearer(by, role) };
  return told(await fetch(`http://127.0.0.1:${world.port}${path}`, { headers }));
}

/** An upload whose body the test writes itself. */
export async function openPut(world: DocumentWorld, contentLength: number, name = "slow.pdf") {
  const request = httpRequest({
    port: world.port,
    host: "127.0.0.1",
    method: "PUT",
    path: `/v1/applications/loan-1/documents/${name}`,
    headers: {
      authorization: await world.bearer("alice"),
      "content-type": "application/pdf",
      "content-length": contentLength,
    },
  });
  const answered = new Promise<{ status: number; body: string } | "reset">((resolve) => {
    request.on("error", () => resolve("reset"));
    request.on("response", (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", () => resolve("reset"));
    });
  });
  return { request, answered };
}
