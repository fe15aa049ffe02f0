// A client process of the load tool: it gets its job over IPC, connects, waits for the start,
// works, writes its log to a file and reports. It ends when the tool does, whatever ended the tool.

import { closeSync, openSync, writeSync } from "node:fs";
import type { FromClient, ToClient } from "./client-job.ts";
import { CrowdClient } from "./crowd-client.ts";
import { OpenClient } from "./open-client.ts";
import type { Worker } from "./worker.ts";

const PROGRESS_MS = 200;

let client: Worker | undefined;
let logFile = "";
let report: () => void = () => undefined;

function tell(message: FromClient): void {
  if (process.connected) process.send?.(message);
}

function writeLog(parts: Iterable<Uint8Array>): void {
  const file = openSync(logFile, "w");
  try {
    for (const part of parts) {
      for (let at = 0; at < part.length;) at += writeSync(file, part, at);
    }
  } finally {
    closeSync(file);
  }
}

async function work(startsAtMs: number): Promise<void> {
  const worker = client!;
  const timer = setInterval(
    () => tell({ type: "progress", progress: worker.progress }),
    PROGRESS_MS,
  );
  try {
    await worker.run(startsAtMs);
    const reporting = new Promise<void>((resolve) => (report = resolve));
    tell({ type: "drained" });
    await reporting;
    const result = worker.result();
    writeLog(worker.encodedLog());
    worker.close();
    tell({ type: "done", result });
  } finally {
    clearInterval(timer);
  }
}

function failed(error: unknown): void {
  tell({ type: "failed", reason: error instanceof Error ? error.message : String(error) });
}

process.on("message", (message: ToClient) => {
  if (message.type === "job") {
    logFile = message.job.logFile;
    const { role } = message.job;
    client = role === "crowd" ? new CrowdClient(message.job) : new OpenClient(message.job);
    client.connect().then(() => tell({ type: "ready" }), failed);
  } else if (message.type === "go") {
    work(message.startsAtMs).catch(failed);
  } else if (message.type === "stop") {
    client?.stop();
  } else {
    report();
  }
});
process.once("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole group: the tool tells its clients when to stop.
process.on("SIGINT", () => undefined);
process.on("uncaughtException", (error) => {
  failed(error);
  setImmediate(() => process.exit(1));
});
