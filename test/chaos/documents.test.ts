// Documents against what an operating system and clients do to a real server: kills between file
// and event, fifty uploads at once, clients that drip.

import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import {
  apply,
  Content,
  fetchAll,
  filesOf,
  metric,
  openRequest,
  send,
  startDocumentServer,
  statusOf,
  token,
} from "./document-server.ts";
import { seededRandom } from "../support/random.ts";

const MIB = 1_048_576;
const ROUNDS = Number(process.env["CHAOS_ROUNDS"] ?? 4);
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);

const eventually = { timeout: 20_000, interval: 20 };

describe("Documents on a real server", () => {
  it(
    "a kill -9 between the file and its event: what was acknowledged is there, nothing else is left",
    { timeout: 60_000 + ROUNDS * 30_000 },
    async () => {
      const random = seededRandom(SEED);
      const server = await startDocumentServer({
        LOANLOOM_DOCUMENT_TRANSFERS_PER_ACCOUNT_MAX: "16",
      });
      let [acknowledged, lost, swept, total] = [0, 0, 0, 0];
      for (let round = 0; round < ROUNDS; round++) {
        const borrower = `alice-${round}`;
        const loanIds = [0, 1, 2, 3].map((at) => `loan-${round}-${at}`);
        await apply(server, borrower, loanIds);
        const owner = await token(borrower);
        const sent = loanIds.flatMap((loanId) =>
          Array.from({ length: 3 }, (_, at) => {
            const content = new Content(1_000 + random(2 * MIB), `${loanId}-${at}`);
            const options = { server, borrower, loanId, name: `${at}.pdf`, bearer: owner };
            return { loanId, content, status: send(options, content) };
          }),
        );
        // Killed in the middle of it: after some answers, and a moment.
        let answers = 0;
        for (const { status } of sent) void status.then(() => answers++);
        const enough = random(sent.length - 2);
        while (answers < enough) await sleep(1);
        await sleep(random(20));
        await server.kill();
        const statuses = await Promise.all(sent.map(({ status }) => status));
        const before = await filesOf(server);
        swept += before.pending;
        server.start();
        await server.untilReady();
        await expect
          .poll(() => filesOf(server), eventually)
          .toMatchObject({
            incoming: 0,
            pending: 0,
          });
        let known = 0;
        for (const loanId of loanIds) {
          const found = await fetchAll(server, loanId);
          known += found.length;
          const ofLoan = sent.filter((each) => each.loanId === loanId);
          // Each document that the journal knows is one that was sent, whole.
          for (const sha256 of found) {
            expect(ofLoan.map(({ content }) => content.sha256)).toContain(sha256);
          }
          // Each one that was acknowledged is known.
          for (const [at, { content }] of ofLoan.entries()) {
            const status = statuses[sent.indexOf(ofLoan[at]!)];
            if (status === 201) expect(found).toContain(content.sha256);
            else expect(status).toBe("lost");
          }
        }
        const kept = await filesOf(server);
        acknowledged += statuses.filter((status) => status === 201).length;
        lost += statuses.filter((status) => status === "lost").length;
        total += known;
        expect(kept.kept).toBe(total);
      }
      // The run was not trivial: uploads were cut, and others were not.
      expect(lost).toBeGreaterThan(0);
      expect(acknowledged + swept).toBeGreaterThan(0);
    },
  );

  it("a kill while Redis does not answer: the file without an event is swept", async () => {
    const server = await startDocumentServer();
    await apply(server, "alice", ["loan-1"]);
    const options = { server, borrower: "alice", loanId: "loan-1", name: "a.pdf" };
    const bearer = await token("alice");
    const content = new Content(200_000, "one");
    const half = openRequest({ ...options, bearer }, content.sizeBytes);
    const status = statusOf(half);
    half.write(content.pieces[0]);
    await expect.poll(() => filesOf(server), eventually).toMatchObject({ incoming: 1 });
    // Killed, not frozen: what a frozen one has in its socket it would still carry out.
    await server.killRedis();
    for (const piece of content.pieces.slice(1)) half.write(piece);
    half.end();
    await expect.poll(() => filesOf(server), eventually).toMatchObject({ pending: 1 });
    await server.kill();
    expect(await status).toBe("lost");
    server.start();
    await server.untilReady();
    await expect
      .poll(() => filesOf(server), eventually)
      .toEqual({
        incoming: 0,
        pending: 0,
        kept: 0,
      });
    expect(await fetchAll(server, "loan-1")).toEqual([]);
    expect(server.logged("documents that nobody answered for were swept")).toBe(1);
    expect(await send({ ...options, bearer }, content)).toBe(201);
  });

  it(
    "fifty uploads of 10 MiB at once take a bounded part of memory",
    { timeout: 120_000 },
    async () => {
      const server = await startDocumentServer({
        LOANLOOM_DOCUMENT_TRANSFERS_PER_ACCOUNT_MAX: "64",
      });
      const loanIds = [0, 1, 2, 3, 4].map((at) => `loan-${at}`);
      await apply(server, "alice", loanIds);
      const bearer = await token("alice");
      const contents = Array.from({ length: 50 }, (_, at) => new Content(10 * MIB, `${at}`));
      const before = await metric(server, "process_resident_memory_bytes");
      let [residentMax, bufferedMax, openMax] = [0, 0, 0];
      let isOver = false;
      const watch = (async () => {
        while (!isOver) {
          residentMax = Math.max(
            residentMax,
            await metric(server, "process_resident_memory_bytes"),
          );
          bufferedMax = Math.max(
            bufferedMax,
            await metric(server, "loanloom_document_buffered_bytes"),
          );
          openMax = Math.max(
            openMax,
            await metric(server, 'loanloom_document_transfers{direction="up"}'),
          );
          await sleep(10);
        }
      })();
      const startedAt = performance.now();
      let refused = 0;
      await Promise.all(
        contents.map(async (content, at) => {
          const loanId = loanIds[at % loanIds.length]!;
          const options = { server, borrower: "alice", loanId, name: `${at}.pdf`, bearer };
          // A client does what it is told: on a busy machine some may have to come again.
          while ((await send(options, content)) !== 201) {
            refused++;
            await sleep(250);
          }
        }),
      );
      const seconds = (performance.now() - startedAt) / 1_000;
      isOver = true;
      await watch;
      const grownMib = (residentMax - before) / MIB;
      const report = { seconds, refused, grownMib, bufferedMib: bufferedMax / MIB, openMax };
      if (process.env["CHAOS_REPORT"] !== undefined) console.log(report);
      expect(await filesOf(server)).toEqual({ incoming: 0, pending: 0, kept: 50 });
      expect(refused, JSON.stringify(report)).toBeLessThan(25);
      expect(openMax).toBeGreaterThan(10);
      // 500 MiB went through; the budget of bytes not yet written is 64 MiB.
      expect(bufferedMax).toBeLessThanOrEqual(64 * MIB);
      expect(grownMib).toBeLessThan(250);
    },
  );

  it(
    "clients that drip are cut, and others are served meanwhile",
    { timeout: 60_000 },
    async () => {
      const server = await startDocumentServer();
      await apply(server, "mallory", ["loan-m"]);
      await apply(server, "alice", ["loan-1"]);
      const authorization = `Authorization: Bearer ${await token("mallory")}`;
      const drips = Array.from({ length: 100 }, (_, at) => {
        const socket = net.connect(server.port, "127.0.0.1");
        socket.on("error", () => undefined);
        socket.resume();
        socket.write(
          `PUT /v1/applications/loan-m/documents/${at} HTTP/1.1\r\nHost: a\r\n${authorization}\r\n` +
            "Content-Type: application/pdf\r\nContent-Length: 1000000\r\n\r\n%PDF-",
        );
        return socket;
      });
      const drip = setInterval(() => {
        for (const socket of drips) if (socket.writable) socket.write("x");
      }, 500);
      await sleep(1_000);
      const bearer = await token("alice");
      const options = { server, borrower: "alice", loanId: "loan-1", name: "a.pdf", bearer };
      expect(await send(options, new Content(2 * MIB, "good"))).toBe(201);
      await expect
        .poll(() => drips.filter(({ closed }) => !closed).length, {
          timeout: 30_000,
          interval: 100,
        })
        .toBe(0);
      clearInterval(drip);
      expect(await filesOf(server)).toEqual({ incoming: 0, pending: 0, kept: 1 });
    },
  );
});
