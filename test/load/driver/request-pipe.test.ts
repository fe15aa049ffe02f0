// A pipe that is told to wait sends the very same request again; any other refusal stops it.

import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { RequestPipe } from "../../../load/driver/request-pipe.ts";
import { decodeMsgpackRequest } from "../../../src/protocol/decode-request.ts";
import { encodeError, encodeReply } from "../../../src/protocol/encode-reply.ts";
import type { ErrorCode } from "../../../src/protocol/errors.ts";
import { MsgpackWriter } from "../../../src/protocol/msgpack-writer.ts";

let server: WebSocketServer | undefined;
afterEach(() => server?.close());

/** Opens accounts; answers as `refusalOf` says: a code, or null to accept. */
async function serve(
  refusalOf: (id: number, times: number) => readonly [ErrorCode, number | null] | null,
) {
  const asked: { id: number; requestId: string }[] = [];
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    socket.on("message", (bytes) => {
      const decoded = decodeMsgpackRequest(bytes as Buffer);
      if (!decoded.ok) throw new Error(decoded.detail);
      const { id, command } = decoded;
      const writer = new MsgpackWriter(256);
      if (command.type === "Ping") {
        encodeReply(writer, "session.ping", id, "", { at: 1 });
      } else {
        const { requestId } = command as unknown as { requestId: string };
        asked.push({ id, requestId });
        const refusal = refusalOf(id, asked.filter((each) => each.id === id).length);
        if (refusal === null) {
          encodeReply(writer, "account.open", id, "0:1-1", { accountId: `a${id}` });
        } else encodeError(writer, id, refusal[0], null, refusal[1]);
      }
      socket.send(writer.view());
    });
  });
  await new Promise((resolve) => server!.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const pipe = await RequestPipe.open({ host: "127.0.0.1", port, path: "/" }, [], 4);
  const opened: number[] = [];
  const all = pipe.send({
    operation: "account.open",
    count: 9,
    fields: (index) => ({ accountId: `a${index}` }),
    onReply: (index) => void opened.push(index),
  });
  return { asked, opened, all, pipe };
}

test("who is told to wait is asked again, as the same request", async () => {
  const { asked, opened, all, pipe } = await serve((id, times) =>
    id % 3 === 0 && times < 3 ? ["unavailable", 5] : null,
  );
  await all;
  pipe.close();
  expect([...opened].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  for (let id = 0; id < 9; id++) {
    const ids = asked.filter((each) => each.id === id).map(({ requestId }) => requestId);
    expect(ids.length).toBe(id % 3 === 0 ? 3 : 1);
    expect(new Set(ids).size).toBe(1);
  }
  expect(new Set(asked.map(({ requestId }) => requestId)).size).toBe(9);
});

test("any other refusal stops it", async () => {
  const { all, pipe } = await serve((id) => (id === 5 ? ["account_exists", null] : null));
  await expect(all).rejects.toThrow(/account\.open .*a5.* was refused: account_exists/);
  pipe.close();
});
