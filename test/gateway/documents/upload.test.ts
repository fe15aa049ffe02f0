import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { filesIn, sha256Of } from "../../documents/store-folder.ts";
import { requestIds } from "../../support/gateway-client.ts";
import { eventually, revocationOfSubject } from "../../support/gateway-fixture.ts";
import { documentWorld, get, openPut, pdf, put, type PutOptions } from "./document-world.ts";

const MIB = 1_048_576;
const PNG = Buffer.concat([
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  Buffer.alloc(50),
]);
const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(50)]);

function digestOf(bytes: Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
}

describe("A document sent by its borrower", () => {
  test("of 10 MiB is stored, attached, and comes back byte for byte", async () => {
    const world = await documentWorld();
    const bytes = pdf(10 * MIB);
    const sent = await put(world, bytes);
    expect(sent).toMatchObject({
      status: 201,
      body: {
        position: expect.stringMatching(/^0:1-\d+$/) as string,
        loanId: "loan-1",
        documentNo: 1,
        name: "statement.pdf",
        mediaType: "application/pdf",
        sizeBytes: 10 * MIB,
        documentHash: sha256Of(bytes),
      },
    });
    const path = "/v1/applications/loan-1/documents/1";
    expect(sent.headers.get("location")).toBe(path);
    const fetched = await get(world, path);
    expect(fetched.status).toBe(200);
    expect(fetched.bytes.equals(bytes)).toBe(true);
    expect(fetched.headers.get("content-type")).toBe("application/pdf");
    expect(fetched.headers.get("content-digest")).toBe(digestOf(bytes));
    expect(fetched.headers.get("x-content-type-options")).toBe("nosniff");
    expect(world.transfers).toMatchObject({ uploadsOpen: 0, bufferedBytes: 0 });
    expect([...world.transfers.uploads, ...world.transfers.downloads]).toEqual([
      ["stored", 1],
      ["sent", 1],
    ]);
  });

  test("may come in chunks, without a length", async () => {
    const world = await documentWorld();
    const bytes = pdf(300_000);
    const pieces = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 7_001) {
          controller.enqueue(bytes.subarray(at, at + 7_001));
        }
        controller.close();
      },
    });
    const sent = await put(world, pieces);
    expect(sent).toMatchObject({ status: 201, body: { documentHash: sha256Of(bytes) } });
  });

  test.each([
    ["a PNG", PNG, "image/png"],
    ["a JPEG", JPEG, "Image/JPEG"],
    ["a PDF with a parameter", pdf(9), "application/pdf; charset=binary"],
  ])("may be %s", async (_what, bytes, type) => {
    const world = await documentWorld();
    const sent = await put(world, bytes, { headers: { "content-type": type } });
    expect(sent).toMatchObject({ status: 201, body: { sizeBytes: bytes.length } });
  });

  test("may have any printable name, and is offered under it", async () => {
    const world = await documentWorld();
    const name = "收入证明 (2026)'s.pdf";
    expect(await put(world, pdf(20), { name })).toMatchObject({ status: 201, body: { name } });
    const { headers } = await get(world, "/v1/applications/loan-1/documents/1");
    expect(headers.get("content-disposition")).toBe(
      "attachment; filename=\"document-1.pdf\"; filename*=UTF-8''" +
        "%E6%94%B6%E5%85%A5%E8%AF%81%E6%98%8E%20%282026%29%27s.pdf",
    );
  });

  test("twice under one name is one document, under another name it is refused", async () => {
    const world = await documentWorld();
    const bytes = pdf(5_000);
    const first = await put(world, bytes);
    const again = await put(world, bytes);
    expect(again).toMatchObject({
      status: 200,
      body: { documentNo: 1, documentHash: sha256Of(bytes) },
    });
    expect(first.status).toBe(201);
    const other = await put(world, bytes, { name: "other.pdf" });
    expect(other).toMatchObject({ status: 409, body: { error: "document_exists" } });
    expect(await filesIn(world.folder)).toHaveLength(1);
  });

  test("by 8 at once of the same bytes is one document and one file", async () => {
    const world = await documentWorld({ limits: { transfersPerAccountMax: 8 } });
    const bytes = pdf(500_000);
    const all = await Promise.all(Array.from({ length: 8 }, () => put(world, bytes)));
    expect(all.map(({ status }) => status).sort()).toEqual([...Array<number>(7).fill(200), 201]);
    expect(await filesIn(world.folder)).toHaveLength(1);
    const fetched = await get(world, "/v1/applications/loan-1/documents/1");
    expect(fetched.bytes.equals(bytes)).toBe(true);
  });

  test("whose digest is declared is checked", async () => {
    const world = await documentWorld();
    const bytes = pdf(70_000);
    const right = { headers: { "content-digest": `sha-512=:aaaa:, ${digestOf(bytes)}` } };
    const wrong = { headers: { "content-digest": digestOf(pdf(1)) } };
    expect(await put(world, bytes, wrong)).toMatchObject({
      status: 422,
      body: { error: "document_digest_mismatch" },
    });
    expect(await filesIn(world.folder)).toEqual([]);
    expect(await put(world, bytes, right)).toMatchObject({ status: 201 });
  });
});

describe("A document is refused, and leaves no bytes", () => {
  const CASES: readonly [string, number, string, Uint8Array, PutOptions][] = [
    ["without a token", 401, "unauthenticated", pdf(9), { headers: { authorization: "" } }],
    [
      "with a bad token",
      401,
      "unauthenticated",
      pdf(9),
      { headers: { authorization: "Bearer x" } },
    ],
    ["by an operator", 403, "forbidden", pdf(9), { by: "ops", role: "operator" }],
    ["by a reviewer", 403, "forbidden", pdf(9), { by: "rita", role: "reviewer" }],
    ["by an auditor", 403, "forbidden", pdf(9), { by: "otto", role: "auditor" }],
    ["for another's application", 404, "application_not_found", pdf(9), { by: "bob" }],
    ["for an absent one", 404, "application_not_found", pdf(9), { loanId: "none" }],
    [
      "from a foreign page",
      403,
      "origin_not_allowed",
      pdf(9),
      { headers: { origin: "http://x.y" } },
    ],
    ["under a bad loan id", 400, "invalid_field", pdf(9), { loanId: "a!b" }],
    ["under a blank name", 400, "invalid_field", pdf(9), { name: " " }],
    ["under a path", 400, "invalid_field", pdf(9), { name: "a/b.pdf" }],
    ["under a long name", 400, "invalid_field", pdf(9), { name: "x".repeat(65) }],
    ["under an invisible name", 400, "invalid_field", pdf(9), { name: "a\u202eb" }],
    ["under one with a space of no width", 400, "invalid_field", pdf(9), { name: "a\u200bb" }],
    [
      "with half a digest",
      400,
      "invalid_field",
      pdf(9),
      { headers: { "content-digest": "sha-256=:abc:" } },
    ],
    [
      "with two digests",
      400,
      "invalid_field",
      pdf(9),
      { headers: { "content-digest": `${digestOf(pdf(9))}, ${digestOf(pdf(8))}` } },
    ],
    [
      "as HTML",
      415,
      "document_type_not_allowed",
      pdf(9),
      { headers: { "content-type": "text/html" } },
    ],
    [
      "without a type",
      415,
      "document_type_not_allowed",
      pdf(9),
      { headers: { "content-type": "" } },
    ],
    ["as a PDF that is a PNG", 415, "document_type_not_allowed", PNG, {}],
    ["as a PDF that is large and none", 415, "document_type_not_allowed", Buffer.alloc(MIB), {}],
    ["as a PDF of four bytes", 415, "document_type_not_allowed", Buffer.from("%PDF"), {}],
    ["when it is empty", 415, "document_type_not_allowed", Buffer.alloc(0), {}],
    ["when it says that it is too large", 413, "document_too_large", pdf(3 * MIB), {}],
  ];
  test.each(CASES)("%s", async (_what, status, error, bytes, options) => {
    const world = await documentWorld({ limits: { bytesMax: 2 * MIB } });
    const sent = await put(world, bytes, options);
    expect(sent).toMatchObject({ status, body: { error } });
    await eventually(() => world.store.counters.incoming).toBe(0);
    expect(await filesIn(world.folder)).toEqual([]);
    expect(world.transfers.bufferedBytes).toBe(0);
  });

  test("others' and absent applications answer alike, to the byte", async () => {
    const world = await documentWorld();
    await world.apply("loan-2", "bob");
    const others = await put(world, pdf(20), { loanId: "loan-2" });
    const absent = await put(world, pdf(20), { loanId: "loan-3" });
    expect([others.status, others.body]).toEqual([absent.status, absent.body]);
    const read = await get(world, "/v1/applications/loan-2/documents/1");
    const none = await get(world, "/v1/applications/loan-3/documents/1");
    expect([read.status, read.body]).toEqual([none.status, none.body]);
    expect(read.status).toBe(404);
  });

  test("when it turns out too large on the way, without a declared length", async () => {
    const world = await documentWorld({ limits: { bytesMax: 100_000 } });
    const bytes = pdf(400_000);
    const stream = new Blob([bytes]).stream();
    const sent = await put(world, stream);
    expect(sent).toMatchObject({ status: 413, body: { error: "document_too_large" } });
    expect(await filesIn(world.folder)).toEqual([]);
    const exact = await put(world, new Blob([pdf(100_000)]).stream());
    expect(exact.status).toBe(201);
  });

  test("when the loan refuses it: after it was withdrawn", async () => {
    const world = await documentWorld();
    const client = await world.client("alice");
    await client.must("application.withdraw", { requestId: requestIds.next(), loanId: "loan-1" });
    const sent = await put(world, pdf(50));
    expect(sent).toMatchObject({ status: 409, body: { error: "documents_closed" } });
    expect(await filesIn(world.folder)).toEqual([]);
  });

  test("when the loan refuses it: the 21st", async () => {
    const world = await documentWorld();
    for (let seed = 1; seed <= 20; seed++) {
      const sent = await put(world, pdf(50, seed), { name: `${seed}.pdf` });
      expect(sent).toMatchObject({ status: 201, body: { documentNo: seed } });
    }
    const sent = await put(world, pdf(50, 21));
    expect(sent).toMatchObject({ status: 409, body: { error: "too_many_documents" } });
    expect(await filesIn(world.folder)).toHaveLength(20);
  });

  test("when the disk has too little free", async () => {
    const world = await documentWorld({ freeBytesMin: Number.MAX_SAFE_INTEGER });
    const sent = await put(world, pdf(50));
    expect(sent).toMatchObject({ status: 507, body: { error: "document_store_full" } });
    expect(sent.headers.get("retry-after")).toBe("1");
  });

  test("when the account has its most under way, and not longer", async () => {
    const world = await documentWorld({ limits: { transfersPerAccountMax: 2 } });
    const open = [await openPut(world, 1_000), await openPut(world, 1_000)];
    for (const { request } of open) request.write(pdf(100));
    await eventually(() => world.store.counters.incoming).toBe(2);
    const third = await put(world, pdf(50));
    expect(third).toMatchObject({ status: 429, body: { error: "too_many_transfers" } });
    for (const { request } of open) request.destroy();
    await eventually(() => world.transfers.uploadsOpen).toBe(0);
    expect((await put(world, pdf(50))).status).toBe(201);
  });

  test("when the journal cannot be written, as retryable", async () => {
    const world = await documentWorld();
    world.runtime.rejection = { code: "unavailable", retryAfterMs: 400 };
    const sent = await put(world, pdf(50));
    expect(sent).toMatchObject({ status: 503, body: { error: "unavailable", retryAfterMs: 400 } });
    expect(await filesIn(world.folder)).toEqual([]);
  });
});

describe("An upload that does not end well", () => {
  test("is removed when its client goes in the middle", async () => {
    const world = await documentWorld();
    const { request } = await openPut(world, 5 * MIB);
    request.write(pdf(2 * MIB));
    await eventually(() => world.transfers.bytesReceived).toBe(2 * MIB);
    expect(await filesIn(world.folder)).toHaveLength(1);
    request.destroy();
    await eventually(() => world.transfers.uploads.get("aborted")).toBe(1);
    expect(await filesIn(world.folder)).toEqual([]);
    expect(world.transfers).toMatchObject({ uploadsOpen: 0, bufferedBytes: 0 });
  });

  test("is cut when it takes too long, and says so", async () => {
    const world = await documentWorld({ limits: { transferMsMax: 600 } });
    const { request, answered } = await openPut(world, 1_000);
    request.write(pdf(100));
    const drip = setInterval(() => request.write("x"), 50);
    const startedAt = performance.now();
    const answer = await answered;
    clearInterval(drip);
    expect(answer).toMatchObject({ status: 408, body: expect.stringContaining("upload_too_slow") });
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    expect(await filesIn(world.folder)).toEqual([]);
  });

  test("is cut when its token is revoked, and another's is not", async () => {
    const world = await documentWorld();
    const { request, answered } = await openPut(world, 1_000);
    request.write(pdf(100));
    await eventually(() => world.store.counters.incoming).toBe(1);
    const atMs = world.clock.wallMs();
    world.revocations.add(revocationOfSubject("bob", atMs), atMs);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(world.transfers.uploadsOpen).toBe(1);
    world.revocations.add(revocationOfSubject("alice", atMs), atMs);
    await eventually(() => world.store.counters.incoming).toBe(0);
    expect(await answered).toMatchObject({
      status: 401,
      body: expect.stringContaining("unauthenticated"),
    });
    expect(await filesIn(world.folder)).toEqual([]);
  });

  test("is ended when its client dawdles, and not when it sends on", async () => {
    const world = await documentWorld();
    const slow = await openPut(world, MIB, "slow.pdf");
    const quick = await openPut(world, MIB, "quick.pdf");
    slow.request.write(pdf(100));
    quick.request.write(pdf(100_000));
    await eventually(() => world.transfers.bytesReceived).toBe(100_100);
    // A window of five seconds, in which the one has brought little and the other enough.
    world.clock.shiftMs += 5_000;
    expect(await slow.answered).toMatchObject({
      status: 408,
      body: expect.stringContaining("upload_too_slow"),
    });
    await eventually(() => world.transfers.uploadsOpen).toBe(1);
    quick.request.end(pdf(MIB).subarray(100_000));
    expect(await quick.answered).toMatchObject({ status: 201 });
  });

  test("leaves a place to those who have none under way", async () => {
    const limits = { transfersMax: 8, transfersPerAccountMax: 7 };
    const world = await documentWorld({ limits });
    const open = [];
    for (let n = 0; n < 7; n++) {
      const one = await openPut(world, 1_000, `${n}.pdf`);
      one.request.write(pdf(100));
      open.push(one);
    }
    await eventually(() => world.store.counters.incoming).toBe(6);
    await world.apply("loan-2", "bob");
    expect(await put(world, pdf(50), { by: "bob", loanId: "loan-2" })).toMatchObject({
      status: 201,
    });
    for (const { request } of open) request.destroy();
  });

  test("of which nobody knows whether it was attached is left, and the sweep asks", async () => {
    const world = await documentWorld({ config: { httpAnswerMsMax: 1_000 } });
    for (const isLost of [true, false]) {
      const { request, answered } = await openPut(world, 100, `${String(isLost)}.pdf`);
      request.write(pdf(50, isLost ? 1 : 2));
      await eventually(() => world.store.counters.incoming).toBe(1);
      world.runtime.isPaused = true;
      request.end(Buffer.alloc(50));
      const answer = await answered;
      expect(answer).toMatchObject({ status: 503, body: expect.stringContaining("unavailable") });
      if (isLost) world.runtime.loseAll("fenced");
      world.runtime.resume();
    }
    const pending = (await filesIn(world.folder)).filter((path) => path.startsWith("pending/"));
    expect(pending).toHaveLength(2);
    const report = await world.store.sweep((label) => world.gateway.standingOf(label));
    expect(report).toEqual({ found: 1, orphans: 1, undecided: 0 });
    expect((await filesIn(world.folder)).map((path) => path.split("/")[0])).toEqual(["kept"]);
    expect((await get(world, "/v1/applications/loan-1/documents/1")).status).toBe(200);
  });

  test("a sweep decides nothing while the journal cannot be asked", async () => {
    const world = await documentWorld();
    const incoming = await world.store.begin("loan-1", 100);
    await incoming.write(pdf(100));
    await incoming.seal();
    await incoming.leave();
    world.runtime.rejection = { code: "unavailable", retryAfterMs: 400 };
    const sweep = () => world.store.sweep((label) => world.gateway.standingOf(label));
    expect(await sweep()).toEqual({ found: 0, orphans: 0, undecided: 1 });
    world.runtime.rejection = undefined;
    expect(await sweep()).toEqual({ found: 0, orphans: 1, undecided: 0 });
  });

  test("a stop of the server lets it finish, or tells it so", async () => {
    const world = await documentWorld({ config: { drainMsMax: 300 } });
    const quick = await openPut(world, 100, "quick.pdf");
    const slow = await openPut(world, 100, "slow.pdf");
    for (const { request } of [quick, slow]) request.write(pdf(50));
    await eventually(() => world.store.counters.incoming).toBe(2);
    const drained = world.gateway.drain("bye");
    quick.request.end(Buffer.alloc(50));
    expect(await quick.answered).toMatchObject({ status: 201 });
    await drained;
    expect(await slow.answered).toMatchObject({
      status: 503,
      body: expect.stringContaining("server_shutdown"),
    });
    expect(await filesIn(world.folder)).toHaveLength(1);
  });
});
