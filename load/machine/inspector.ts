// Memory of a server after a full garbage collection, asked through Node's own inspector, so that
// the server needs no door for it. The server must be started with `--inspect=127.0.0.1:0`.

import { residentBytesOf } from "./process-cpu.ts";
import { openSocket, type RawSocket } from "../driver/raw-socket.ts";
import { OPCODE, encodeFrame } from "../driver/websocket-frames.ts";

export const INSPECT_ARGUMENT = "--inspect=127.0.0.1:0";

const ANNOUNCED = /Debugger listening on ws:\/\/([\d.]+):(\d+)(\/\S+)/;
const ANSWER_TIMEOUT_MS = 60_000;

export interface Memory {
  /** JavaScript objects and what they own outside the heap (buffers). */
  readonly ownedBytes: number;
  /** Pages that the process has; null where the system does not tell. */
  readonly residentBytes: number | null;
}

/** `log` is what the server has written so far: Node announces the inspector there. */
export async function memoryAfterCollection(log: string, pid: number): Promise<Memory> {
  const announced = ANNOUNCED.exec(log);
  if (announced === null) throw new Error(`the server's inspector did not come up:\n${log}`);
  const [, host, port, path] = announced as unknown as [string, string, string, string];
  const calls = new Map<number, (result: unknown) => void>();
  const socket = await openSocket({ host, port: Number(port), path }, [], {
    onBeforeRead: () => {},
    onMessage: (bytes, from, to) => {
      const text = Buffer.from(bytes.subarray(from, to)).toString();
      const { id, result } = JSON.parse(text) as { id?: number; result?: unknown };
      if (id !== undefined) calls.get(id)?.(result);
    },
    onRead: () => {},
    onClose: () => {},
  });
  try {
    // Twice: finalizers of the first collection let go of more.
    await call(socket, calls, 1, "HeapProfiler.collectGarbage");
    await call(socket, calls, 2, "HeapProfiler.collectGarbage");
    const usage = (await call(socket, calls, 3, "Runtime.evaluate", {
      expression: "JSON.stringify(process.memoryUsage())",
    })) as { result: { value: string } };
    const { heapUsed, external } = JSON.parse(usage.result.value) as NodeJS.MemoryUsage;
    return { ownedBytes: heapUsed + external, residentBytes: residentBytesOf(pid) };
  } finally {
    socket.destroy();
  }
}

function call(
  socket: RawSocket,
  calls: Map<number, (result: unknown) => void>,
  id: number,
  method: string,
  params: object = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the inspector did not answer ${method}`));
    }, ANSWER_TIMEOUT_MS);
    calls.set(id, (result) => {
      clearTimeout(timer);
      resolve(result);
    });
    const request = JSON.stringify({ id, method, params });
    socket.send(encodeFrame(OPCODE.text, Buffer.from(request)));
  });
}
