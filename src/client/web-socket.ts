// Where the SDK gets its WebSocket from: the platform's own (browsers, Node 22), else the package
// `ws` (Node 20). Only what both have is used.

/** What is used of a WebSocket. */
export interface Socket {
  binaryType: string;
  readonly readyState: number;
  readonly protocol: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(frame: Uint8Array | string): void;
  close(code?: number, reason?: string): void;
  /** Only `ws` can drop a connection without the closing handshake. */
  terminate?(): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => Socket;

let found: Promise<SocketConstructor> | undefined;

export function platformSocket(): Promise<SocketConstructor> {
  found ??= findSocket();
  return found;
}

async function findSocket(): Promise<SocketConstructor> {
  const own = (globalThis as { WebSocket?: unknown }).WebSocket;
  if (own !== undefined) return own as SocketConstructor;
  const { WebSocket } = await import("ws");
  return WebSocket as unknown as SocketConstructor;
}
