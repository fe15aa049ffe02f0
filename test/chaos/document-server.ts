// A real server that takes documents, applications to attach them to, and clients that send them
// over sockets of their own: nothing here is inside the server.

import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { request as httpRequest, type ClientRequest } from "node:http";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { LoanloomClient } from "../../src/client/client.ts";
import type { Role } from "../../src/protocol/table.ts";
import { token as tokenUnder } from "./aftermath.ts";
import { ChaosServer } from "./chaos-server.ts";

const JWT_SECRET = "documents-".repeat(4);

export function token(subject: string, role: Role = "client"): Promise<string> {
  return tokenUnder(JWT_SECRET, subject, role);
}

export async function startDocumentServer(
  environment: Readonly<Record<string, string>> = {},
): Promise<ChaosServer> {
  const server = await ChaosServer.create({
    LOANLOOM_JWT_SECRET: JWT_SECRET,
    LOANLOOM_DOCUMENT_FREE_MIB_MIN: "0",
    ...environment,
  });
  onTestFinished(() => server.destroy());
  server.start();
  await server.untilReady();
  return server;
}

/** Opens the account and applies for these loans in its name. */
export async function apply(
  server: ChaosServer,
  borrower: string,
  loanIds: readonly string[],
): Promise<void> {
  const { url } = server;
  const operator = new LoanloomClient({ url, token: await token("ops", "operator") });
  await operator.request("account.open", { accountId: borrower });
  operator.close();
  const client = new LoanloomClient({ url, token: await token(borrower) });
  for (const loanId of loanIds) {
    await client.request("application.create", {
      loanId,
      amountCents: 1_000_000,
      purpose: "a kiln",
      method: "equal_instalment",
      term: 12,
      rateBps: 900,
    });
  }
  client.close();
}

/** A document as the pieces that it is sent in; most of it is shared, so that many cost nothing. */
export class Content {
  readonly pieces: readonly Buffer[];
  readonly sizeBytes: number;
  readonly sha256: string;

  constructor(sizeBytes: number, seed: string) {
    const head = Buffer.from(`%PDF-1.7 ${seed}\n`);
    const pieces = [head];
    for (let left = sizeBytes - head.length; left > 0; left -= SHARED.length) {
      pieces.push(SHARED.subarray(0, left));
    }
    this.pieces = pieces;
    this.sizeBytes = sizeBytes;
    const hash = createHash("sha256");
    for (const piece of pieces) hash.update(piece);
    this.sha256 = hash.digest("hex");
  }
}

const SHARED = Buffer.alloc(65_536, "what a document says ");

export interface SendOptions {
  readonly server: ChaosServer;
  readonly borrower: string;
  readonly loanId: string;
  readonly name: string;
  readonly bearer: string;
}

/** The status, or "lost" when the connection ended before an answer. */
export function send(options: SendOptions, content: Content): Promise<number | "lost"> {
  const request = openRequest(options, content.sizeBytes);
  const answered = statusOf(request);
  void writeAll(request, content.pieces);
  return answered;
}

export function openRequest(options: SendOptions, contentLength: number): ClientRequest {
  const { server, loanId, name, bearer } = options;
  return httpRequest({
    host: "127.0.0.1",
    port: server.port,
    method: "PUT",
    path: `/v1/applications/${loanId}/documents/${name}`,
    headers: {
      authorization: `Bearer ${bearer}`,
      "content-type": "application/pdf",
      "content-length": contentLength,
    },
  });
}

export function statusOf(request: ClientRequest): Promise<number | "lost"> {
  return new Promise((resolve) => {
    request.on("error", () => resolve("lost"));
    request.on("close", () => resolve("lost"));
    request.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
  });
}

async function writeAll(request: ClientRequest, pieces: readonly Buffer[]): Promise<void> {
  request.setMaxListeners(0);
  for (const piece of pieces) {
    if (request.destroyed) return;
    if (!request.write(piece)) {
      await new Promise<void>((resolve) => {
        request.once("drain", resolve);
        request.once("close", resolve);
      });
    }
  }
  request.end();
}

/** The SHA-256 of every document that the loan knows, as fetched, in the order of their numbers. */
export async function fetchAll(server: ChaosServer, loanId: string): Promise<string[]> {
  const headers = { authorization: `Bearer ${await token("otto", "auditor")}` };
  const found: string[] = [];
  for (let documentNo = 1; ; documentNo++) {
    const path = `/v1/applications/${loanId}/documents/${documentNo}`;
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status === 404) return found;
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${String(bytes)}`);
    found.push(createHash("sha256").update(bytes).digest("hex"));
  }
}

/** How many files the store has in each of its folders. */
export async function filesOf(
  server: ChaosServer,
): Promise<{ incoming: number; pending: number; kept: number }> {
  const countIn = async (name: string): Promise<number> => {
    const path = join(server.dataDir, "documents", name);
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).length;
  };
  return {
    incoming: await countIn("incoming"),
    pending: await countIn("pending"),
    kept: await countIn("kept"),
  };
}

export async function metric(server: ChaosServer, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  const line = (await response.text()).split("\n").find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`there is no metric ${name}`);
  return Number(line.slice(name.length + 1));
}
