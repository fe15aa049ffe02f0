// Starts a gateway on a free port of the loopback, with real actors behind it, and stops it and
// every client when the test ends, also when it fails.

import { expect, onTestFinished } from "vitest";
import {
  Authenticator,
  AUTHENTICATOR_DEFAULTS,
  type AuthenticatorConfig,
} from "../../src/gateway/authenticator.ts";
import { loadConfig } from "../../src/config.ts";
import type { GatewayConfig } from "../../src/gateway/config.ts";
import { createGatewayCounters, type GatewayCounters } from "../../src/gateway/counters.ts";
import { createGateway, type Gateway, type GatewayDocuments } from "../../src/gateway/gateway.ts";
import type { HttpExtra } from "../../src/gateway/http-endpoint.ts";
import { signToken, type TokenClaims } from "../../src/gateway/signing.ts";
import type { Role } from "../../src/protocol/table.ts";
import type { Revocation } from "../../src/revocations/revocation.ts";
import { keptMsOf, Revocations } from "../../src/revocations/revocations.ts";
import type { Clock } from "../../src/runtime/environment.ts";
import { GatewayClient, requestIds, type ConnectOptions } from "./gateway-client.ts";
import { InlineRuntime } from "./inline-runtime.ts";

export const SECRET = Buffer.from("a secret of the tests, of 32 bytes or more");

/** The machine's clock, moved by what the test says. */
class ShiftedClock implements Clock {
  shiftMs = 0;

  wallMs(): number {
    return Date.now() + this.shiftMs;
  }

  monotonicMs(): number {
    return performance.now() + this.shiftMs;
  }
}

export interface Fixture {
  readonly port: number;
  readonly gateway: Gateway;
  readonly runtime: InlineRuntime;
  readonly counters: GatewayCounters;
  readonly authenticator: Authenticator;
  readonly revocations: Revocations;
  readonly clock: ShiftedClock;
  readonly logged: string[];
  token(subject: string, claims?: Partial<TokenClaims>): Promise<string>;
  connect(options?: ConnectOptions): Promise<GatewayClient>;
  /** A client that was authenticated by header: its token is verified. */
  client(subject: string, options?: ConnectOptions, role?: Role): Promise<GatewayClient>;
  operator(options?: ConnectOptions): Promise<GatewayClient>;
  /** Opens the account with that much available. */
  fund(accountId: string, amountCents: number): Promise<void>;
  list(loanId: string, principalCents: number, terms?: object): Promise<void>;
}

export function nothingRevoked(): Revocations {
  return new Revocations({ keptMs: keptMsOf(AUTHENTICATOR_DEFAULTS), max: 1_000 });
}

export function revocationOf(tokenId: string, atMs: number): Revocation {
  return { kind: "token", tokenId, atMs, by: "a test", reason: null };
}

export function revocationOfSubject(subject: string, atMs: number): Revocation {
  return { kind: "subject", subject, atMs, by: "a test", reason: null };
}

export const LOAN_TERMS = {
  borrowerId: "borrower",
  stepCents: 100,
  minBidCents: 100,
  lenderCapCents: null,
  opensAtMs: null,
  cancellable: true,
} as const;

/** As a server has it that is told nothing, on any free port. */
export const GATEWAY_CONFIG: GatewayConfig = { ...loadConfig({}).gateway, port: 0 };

export async function startFixture(
  config: Partial<GatewayConfig> = {},
  httpExtra: HttpExtra = {},
  keys: AuthenticatorConfig["keys"] = { kind: "secret", secret: SECRET },
  documents?: GatewayDocuments,
): Promise<Fixture> {
  const clock = new ShiftedClock();
  const counters = createGatewayCounters();
  const logged: string[] = [];
  const log = (_fields: object, message: string): void => void logged.push(message);
  const revocations = nothingRevoked();
  const authenticator = new Authenticator(
    { ...AUTHENTICATOR_DEFAULTS, keys, clockToleranceS: 0 },
    clock,
    revocations,
  );
  const gateway = createGateway({
    config: { ...GATEWAY_CONFIG, sweepIntervalMs: 20, ...config },
    metrics: counters,
    clock,
    log: { info: log, warn: log, error: log },
    authenticator,
    httpExtra,
    ...(documents === undefined ? {} : { documents }),
  });
  const runtime = new InlineRuntime(gateway.outlet, () => clock.wallMs());
  gateway.attach(runtime);
  const port = await gateway.listen();
  const clients: GatewayClient[] = [];
  onTestFinished(() => {
    for (const client of clients) client.close();
    gateway.close();
  });

  const token = (subject: string, claims: Partial<TokenClaims> = {}): Promise<string> =>
    signToken(SECRET, {
      subject,
      role: "client",
      expiresAtMs: clock.wallMs() + 3_600_000,
      ...claims,
    });
  const connect = async (options: ConnectOptions = {}): Promise<GatewayClient> => {
    const client = await GatewayClient.connect(port, options);
    clients.push(client);
    return client;
  };
  const admitted = async (options: ConnectOptions): Promise<GatewayClient> => {
    const client = await connect(options);
    await eventually(() => counters.verificationsPending).toBe(0);
    return client;
  };
  const client = async (
    subject: string,
    options: ConnectOptions = {},
    role: Role = "client",
  ): Promise<GatewayClient> => admitted({ ...options, token: await token(subject, { role }) });
  const operator = async (options: ConnectOptions = {}): Promise<GatewayClient> =>
    admitted({ ...options, token: await token("operator", { role: "operator" }) });
  const asOperator = async (work: (by: GatewayClient) => Promise<unknown>): Promise<void> => {
    const by = await operator();
    await work(by);
    by.close();
    await by.closed;
  };
  const fund = (accountId: string, amountCents: number): Promise<void> =>
    asOperator(async (by) => {
      await by.must("account.open", { requestId: requestIds.next(), accountId });
      const reference = "test";
      const requestId = requestIds.next();
      await by.must("account.deposit", { requestId, accountId, amountCents, reference });
    });
  const list = (loanId: string, principalCents: number, terms: object = {}): Promise<void> =>
    asOperator(async (by) => {
      const closesAtMs = clock.wallMs() + 3_600_000;
      const requestId = requestIds.next();
      const loan = { requestId, loanId, principalCents, closesAtMs, ...LOAN_TERMS, ...terms };
      await by.must("loan.list", loan);
    });
  return {
    port,
    gateway,
    runtime,
    counters,
    authenticator,
    revocations,
    clock,
    logged,
    token,
    connect,
    client,
    operator,
    fund,
    list,
  };
}

export function bid(loanId: string, amountCents: number, fill = "exact"): object {
  return { requestId: requestIds.next(), loanId, amountCents, fill, minCents: null };
}

/** Becomes true in time, also on a machine that is busy with other things. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 20_000, interval: 5 });
}
