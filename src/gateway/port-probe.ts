// Whether the door can open where it is to, before anything else is started. The gateway's own
// attempt comes last, tells no reason, and still decides.

import { createServer } from "node:net";

export interface PortFault {
  /** Which of the two is to be changed. */
  readonly what: "host" | "port";
  readonly detail: string;
}

const OF_THE_PORT: ReadonlySet<string | undefined> = new Set(["EADDRINUSE", "EACCES"]);

/** Null when it can. */
export function probePort(host: string, port: number): Promise<PortFault | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", ({ code, message }: NodeJS.ErrnoException) => {
      resolve({ what: OF_THE_PORT.has(code) ? "port" : "host", detail: message });
    });
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(null)));
  });
}
