import { readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FRAME_BYTES, frameOffset } from "../../../src/documents/sealed-format.ts";
import type { Role } from "../../../src/protocol/table.ts";
import { filesIn } from "../../documents/store-folder.ts";
import { eventually, revocationOfSubject } from "../../support/gateway-fixture.ts";
import { documentWorld, get, pdf, put, type DocumentWorld } from "./document-world.ts";

const PATH = "/v1/applications/loan-1/documents/1";
const MIB = 1_048_576;

/** Reads as little as the test wants, unlike any library. */
async function rawGet(world: DocumentWorld): Promise<net.Socket> {
  const socket = net.connect(world.port, "127.0.0.1");
  socket.pause();
  socket.on("error", () => undefined);
  const authorization = await world.bearer("alice");
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`);
  return socket;
}

async function bodyOf(socket: net.Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  const all = Buffer.concat(pieces);
  return all.subarray(all.indexOf("\r\n\r\n") + 4);
}

describe("A document is fetched", () => {
  test.each<[string, Role]>([
    ["alice", "client"],
    ["rita", "reviewer"],
    ["ops", "operator"],
    ["otto", "auditor"],
  ])("by %s, who is %s", async (by, role) => {
    const world = await documentWorld();
    const bytes = pdf(200_000);
    await put(world, bytes);
    const fetched = await get(world, PATH, by, role);
    expect(fetched.status).toBe(200);
    expect(fetched.headers.get("content-length")).toBe("200000");
    expect(fetched.bytes.equals(bytes)).toBe(true);
  });

  test.each([
    ["another client", PATH, "bob", 404, "application_not_found"],
    ["a number that there is not", PATH.replace(/1$/, "2"), "alice", 404, "document_not_found"],
    ["a name for a number", PATH.replace(/1$/, "a.pdf"), "alice", 400, "invalid_field"],
    ["number nought", PATH.replace(/1$/, "0"), "alice", 400, "invalid_field"],
    ["a bad loan id", "/v1/applications/a%20b/documents/1", "alice", 400, "invalid_field"],
  ])("but not by %s", async (_what, path, by, status, error) => {
    const world = await documentWorld();
    await put(world, pdf(50));
    expect(await get(world, path, by)).toMatchObject({ status, body: { error } });
  });

  test("but not without a token, from a foreign page, or with another method", async () => {
    const world = await documentWorld();
    const url = `http://127.0.0.1:${world.port}${PATH}`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { origin: "https://evil.example" } })).status).toBe(403);
    const other = await fetch(url, { method: "DELETE" });
    expect([other.status, other.headers.get("allow")]).toEqual([405, "GET, PUT"]);
  });

  test("several on one connection, one after the other", async () => {
    const world = await documentWorld();
    for (const size of [1_000, FRAME_BYTES, 3 * FRAME_BYTES]) {
      await put(world, pdf(size), { name: `${size}.pdf` });
    }
    for (const [at, size] of [1_000, FRAME_BYTES, 3 * FRAME_BYTES].entries()) {
      const { bytes } = await get(world, PATH.replace(/1$/, String(at + 1)));
      expect(bytes.equals(pdf(size))).toBe(true);
    }
  });

  test("as fast as its client takes it: what is not taken is not read", async () => {
    const world = await documentWorld();
    const bytes = pdf(10 * MIB);
    await put(world, bytes);
    const socket = await rawGet(world);
    await eventually(() => world.transfers.downloadsOpen).toBe(1);
    await eventually(() => world.transfers.bytesSent).toBeGreaterThan(0);
    // The kernels' buffers, and no more: it comes to rest, and the rest is still on the disk.
    await eventually(async () => {
      const taken = world.transfers.bytesSent;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return world.transfers.bytesSent - taken;
    }).toBe(0);
    expect(world.transfers.bytesSent).toBeLessThan(8 * MIB);
    let received = Buffer.alloc(0);
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of socket) {
      pieces.push(piece as Buffer);
      length += (piece as Buffer).length;
      if (length > 10 * MIB + 200) {
        received = Buffer.concat(pieces);
        if (received.length - received.indexOf("\r\n\r\n") - 4 === 10 * MIB) break;
      }
    }
    expect(received.subarray(received.indexOf("\r\n\r\n") + 4).equals(bytes)).toBe(true);
    expect(world.transfers.downloads.get("sent")).toBe(1);
  });

  test("by a client that stops taking it until it is cut, or goes: its place is free again", async () => {
    const world = await documentWorld({
      limits: { transferMsMax: 4_000, transfersPerAccountMax: 1 },
    });
    expect(await put(world, pdf(10 * MIB))).toMatchObject({ status: 201 });
    const stalled = await rawGet(world);
    await eventually(() => world.transfers.downloadsOpen).toBe(1);
    expect(await get(world, PATH)).toMatchObject({ status: 429 });
    await eventually(() => world.transfers.downloadsOpen).toBe(0);
    stalled.destroy();
    const gone = await rawGet(world);
    await eventually(() => world.transfers.downloadsOpen).toBe(1);
    gone.destroy();
    await eventually(() => world.transfers.downloadsOpen).toBe(0);
    expect(world.transfers.downloads.get("aborted")).toBe(2);
    expect((await get(world, PATH)).bytes).toHaveLength(10 * MIB);
  });

  test("and is cut in the middle when the token is revoked", async () => {
    const world = await documentWorld();
    // One of the next second would be a new one, and valid.
    const headers = { authorization: await world.bearer("alice") };
    expect(await put(world, pdf(10 * MIB))).toMatchObject({ status: 201 });
    const stalled = await rawGet(world);
    await eventually(() => world.transfers.bytesSent).toBeGreaterThan(0);
    const atMs = world.clock.wallMs();
    world.revocations.add(revocationOfSubject("alice", atMs), atMs);
    await eventually(() => world.transfers.downloadsOpen).toBe(0);
    expect((await bodyOf(stalled)).length).toBeLessThan(10 * MIB);
    expect(world.transfers.downloads.get("aborted")).toBe(1);
    const after = await fetch(`http://127.0.0.1:${world.port}${PATH}`, { headers });
    expect(after.status).toBe(401);
  });
});

describe("A document that does not verify", () => {
  async function spoilt(at: (file: Buffer) => number): Promise<DocumentWorld> {
    const world = await documentWorld();
    await put(world, pdf(5 * MIB));
    const [path] = await filesIn(world.folder);
    const file = await readFile(join(world.folder, path!));
    file[at(file)]! ^= 1;
    await writeFile(join(world.folder, path!), file);
    return world;
  }

  test.each<[string, (file: Buffer) => number]>([
    ["header", () => 20],
    ["first frame", () => frameOffset(0) + 5],
    ["label", (file) => file.length - 1],
  ])("in its %s is an error before anything is sent", async (_what, at) => {
    const world = await spoilt(at);
    expect(await get(world, PATH)).toMatchObject({
      status: 500,
      body: { error: "document_unreadable" },
    });
    expect(world.logged).toContain("a document does not verify");
  });

  test("in the middle cuts the connection before the bad frame", async () => {
    const world = await spoilt(() => frameOffset(40) + 5);
    const socket = await rawGet(world);
    const received = await bodyOf(socket);
    expect(received.length).toBeLessThanOrEqual(40 * FRAME_BYTES);
    expect(received.equals(pdf(5 * MIB).subarray(0, received.length))).toBe(true);
    await eventually(() => world.transfers.downloads.get("document_unreadable")).toBe(1);
    await expect(get(world, PATH)).rejects.toThrow();
  });

  test("because its file is empty is an error", async () => {
    const world = await documentWorld();
    await put(world, pdf(100));
    const [path] = await filesIn(world.folder);
    await writeFile(join(world.folder, path!), "");
    expect(await get(world, PATH)).toMatchObject({ status: 500 });
  });
});
