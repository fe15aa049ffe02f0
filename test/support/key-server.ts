// A small identity provider on the loopback: publishes its keys (JWKS) over HTTP and signs tokens
// with them. It can be told to be slow, to fail, or to rotate its key.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { onTestFinished } from "vitest";
import type { AuthenticatorConfig } from "../../src/gateway/authenticator.ts";

export interface KeyServer {
  readonly config: AuthenticatorConfig["keys"];
  /** Answers wait for it. */
  gate: Promise<void>;
  delayMs: number;
  isBroken: boolean;
  requests: number;
  sign(claims: object): Promise<string>;
  rotate(): Promise<void>;
}

export async function startKeyServer(): Promise<KeyServer> {
  let key: CryptoKey;
  let published: JWK;
  let keyNumber = 0;
  const server = createServer((_request, response) => {
    keyServer.requests++;
    const answer = (): void => {
      response.writeHead(keyServer.isBroken ? 500 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify({ keys: [published] }));
    };
    void keyServer.gate.then(() => setTimeout(answer, keyServer.delayMs));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const keyServer: KeyServer = {
    config: { kind: "jwks", url: `http://127.0.0.1:${port}/keys`, algorithm: "ES256" },
    gate: Promise.resolve(),
    delayMs: 0,
    isBroken: false,
    requests: 0,
    sign: (claims) => {
      const iat = Math.floor(Date.now() / 1_000);
      return new SignJWT({ iat, exp: iat + 600, ...claims })
        .setProtectedHeader({ alg: "ES256", kid: `key-${keyNumber}` })
        .sign(key);
    },
    rotate: async () => {
      const pair = await generateKeyPair("ES256");
      key = pair.privateKey;
      published = { ...(await exportJWK(pair.publicKey)), kid: `key-${++keyNumber}`, alg: "ES256" };
    },
  };
  await keyServer.rotate();
  return keyServer;
}
