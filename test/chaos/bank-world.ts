// Server and bank as operators run them: two processes on folders that outlive them, with a Redis
// of the server's own, clients over WebSocket, and callbacks over HTTP between the two.

import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { connect, type LoanloomClient } from "../../src/client/client.ts";
import { sign, SIGNATURE_HEADER } from "../../src/custodian/signature.ts";
import { signToken } from "../../src/gateway/signing.ts";
import { SandboxProcess } from "../custodian/sandbox-process.ts";
import { runProgram } from "../cli/program.ts";
import { ChaosServer } from "./chaos-server.ts";

const JWT_SECRET = "bank-".repeat(8);
const WAIT_MS_MAX = 120_000;

export class BankWorld {
  readonly server: ChaosServer;
  readonly bank: SandboxProcess;
  readonly #environment: Readonly<Record<string, string>>;

  static async start(more: Readonly<Record<string, string>> = {}): Promise<BankWorld> {
    const environment: Record<string, string> = {
      LOANLOOM_JWT_SECRET: JWT_SECRET,
      LOANLOOM_JOURNAL_KEEP: "all",
      LOANLOOM_CHECKPOINT_MS: "100",
      LOANLOOM_BUSINESS_DATES: "operator",
      LOANLOOM_CUSTODIAN_POLL_MS: "400",
      LOANLOOM_CUSTODIAN_ANSWER_MS_MAX: "2000",
      LOANLOOM_CUSTODIAN_RETRY_MS_MAX: "1000",
      LOANLOOM_CUSTODIAN_CIRCUIT_MS_MAX: "1000",
      ...more,
    };
    const server = await ChaosServer.create(environment);
    onTestFinished(() => server.destroy());
    const callbackUrl = `http://127.0.0.1:${server.port}/v1/custodian/callbacks`;
    const options = ["--booking-delay-ms", "20", "--callback-url", callbackUrl];
    const bank = await SandboxProcess.start(options);
    environment["LOANLOOM_CUSTODIAN_URL"] = bank.url;
    environment["LOANLOOM_CUSTODIAN_SECRET_FILE"] = bank.keyFile;
    server.start();
    await server.untilReady();
    return new BankWorld(server, bank, environment);
  }

  private constructor(
    server: ChaosServer,
    bank: SandboxProcess,
    environment: Readonly<Record<string, string>>,
  ) {
    this.server = server;
    this.bank = bank;
    this.#environment = environment;
  }

  async client(subject: string, role: "client" | "operator" = "client"): Promise<LoanloomClient> {
    const expiresAtMs = Date.now() + 3_600_000;
    const token = await signToken(Buffer.from(JWT_SECRET), { subject, role, expiresAtMs });
    const client = await connect({
      url: this.server.url,
      token,
      requestTimeoutMs: WAIT_MS_MAX,
      firstConnectTimeoutMs: WAIT_MS_MAX,
    });
    onTestFinished(() => client.close());
    return client;
  }

  /** Posts a body as the bank would, signed with these keys. */
  async post(
    body: string,
    { keys, atMs = Date.now() }: { keys: readonly Uint8Array[]; atMs?: number },
  ): Promise<[status: number, fields: unknown]> {
    return this.postRaw(body, keys.length === 0 ? {} : headersOf(body, keys, atMs));
  }

  async postRaw(body: string, headers: Record<string, string>): Promise<[number, unknown]> {
    const url = `http://127.0.0.1:${this.server.port}/v1/custodian/callbacks`;
    const response = await fetch(url, { method: "POST", headers, body });
    return [response.status, await response.json()];
  }

  /** The value of a metric, summed over its labels. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.server.port}/metrics`);
    const lines = (await response.text()).split("\n");
    return lines
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  /** `loanloom` with the settings of the server. */
  run(...args: string[]) {
    const { dataDir } = this.server;
    return runProgram(args, { ...this.#environment, LOANLOOM_DATA: dataDir });
  }
}

function headersOf(body: string, keys: readonly Uint8Array[], atMs: number) {
  return { "content-type": "application/json", [SIGNATURE_HEADER]: sign([body], keys, atMs) };
}

/** Until it is so; a machine that is busy takes its time. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > endsAt) throw new Error(`did not happen: ${what}`);
    await sleep(50);
  }
}
