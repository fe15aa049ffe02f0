import { SignJWT, type JWTPayload } from "jose";
import { describe, expect, test } from "vitest";
import {
  Authenticator,
  AUTHENTICATOR_DEFAULTS,
  type AuthenticatorConfig,
  type Verdict,
} from "../../src/gateway/authenticator.ts";
import { signToken, type TokenClaims } from "../../src/gateway/signing.ts";
import {
  nothingRevoked,
  revocationOf,
  revocationOfSubject,
  SECRET,
} from "../support/gateway-fixture.ts";
import { startKeyServer } from "../support/key-server.ts";

const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
/** A minute, as a signer would put it into a token. */
const MINUTE = { iat: NOW_MS / 1_000, exp: NOW_MS / 1_000 + 60 };
const at = (ms: number) => ({ wallMs: () => ms });

function authenticator(
  config: Partial<AuthenticatorConfig> = {},
  nowMs = NOW_MS,
  revocations = nothingRevoked(),
): Authenticator {
  const keys = { kind: "secret", secret: SECRET } as const;
  return new Authenticator({ ...AUTHENTICATOR_DEFAULTS, keys, ...config }, at(nowMs), revocations);
}

function sign(claims: Partial<TokenClaims> = {}): Promise<string> {
  const common = { subject: "alice", role: "client" as const, issuedAtMs: NOW_MS };
  return signToken(SECRET, { ...common, expiresAtMs: NOW_MS + HOUR_MS, ...claims });
}

function codeOf(verdict: Verdict): string {
  return verdict.ok ? "ok" : verdict.code;
}

describe("Authenticator: shared secret", () => {
  test("reads subject, role, expiry, and what revocation needs", async () => {
    const token = await sign({ role: "operator", tokenId: "t-1" });
    expect(await authenticator({ clockToleranceS: 0 }).verify(token)).toEqual({
      ok: true,
      principal: {
        subject: "alice",
        role: "operator",
        expiresAtMs: NOW_MS + HOUR_MS,
        issuedAtMs: NOW_MS,
        tokenId: "t-1",
      },
    });
  });

  test("takes a token without a role for a client's", async () => {
    const token = await new SignJWT({ sub: "alice", ...MINUTE })
      .setProtectedHeader({ alg: "HS256" })
      .sign(SECRET);
    expect(await authenticator().verify(token)).toMatchObject({ principal: { role: "client" } });
  });

  test.each(["sub", "iat", "exp"])("requires %s", async (claim) => {
    const codeWith = async (claims: JWTPayload) => {
      const token = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(SECRET);
      return codeOf(await authenticator().verify(token));
    };
    const claims: JWTPayload = { sub: "alice", ...MINUTE };
    expect(await codeWith(claims)).toBe("ok");
    expect(await codeWith({ ...claims, [claim]: undefined })).toBe("unauthenticated");
  });

  test.each([
    ["sub", 12345],
    ["sub", true],
    ["sub", ["alice"]],
    ["sub", { toString: "alice" }],
    ["sub", null],
    ["iat", null],
    ["iat", "now"],
    ["jti", 1],
    ["jti", ["t-1"]],
  ])("refuses a %s that is %j, whoever signed it", async (claim, value) => {
    const claims = { sub: "alice", ...MINUTE, [claim]: value } as JWTPayload;
    const token = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(SECRET);
    expect(codeOf(await authenticator().verify(token))).toBe("unauthenticated");
  });

  test("refuses another HMAC than the pinned one, with the right secret", async () => {
    const token = await new SignJWT({ sub: "alice", ...MINUTE })
      .setProtectedHeader({ alg: "HS512" })
      .sign(Buffer.concat([SECRET, SECRET]));
    const keys = { kind: "secret", secret: Buffer.concat([SECRET, SECRET]) } as const;
    expect(codeOf(await authenticator({ keys }).verify(token))).toBe("unauthenticated");
  });

  test.each([
    ["issuer", { issuer: "https://id.example" }, { issuer: "https://id.example" }, "ok"],
    ["issuer", { issuer: "https://id.example" }, { issuer: "https://evil.example" }, null],
    ["issuer", { issuer: "https://id.example" }, {}, null],
    ["audience", { audience: "loanloom" }, { audience: "loanloom" }, "ok"],
    ["audience", { audience: "loanloom" }, { audience: "other" }, null],
    ["audience", { audience: "loanloom" }, {}, null],
  ])("checks the %s when it is configured: %j with %j", async (_what, config, claims, expected) => {
    const verdict = await authenticator(config).verify(await sign(claims));
    expect(codeOf(verdict)).toBe(expected ?? "unauthenticated");
  });

  test("allows the configured difference of clocks, and lets the session live as long", async () => {
    const token = await sign({ expiresAtMs: NOW_MS });
    const late = authenticator({ clockToleranceS: 5 }, NOW_MS + 4_000);
    expect(await late.verify(token)).toMatchObject({ principal: { expiresAtMs: NOW_MS + 5_000 } });
    const tooLate = authenticator({ clockToleranceS: 5 }, NOW_MS + 6_000);
    expect(codeOf(await tooLate.verify(token))).toBe("unauthenticated");
  });

  test("refuses a token that lives too long, also near its end", async () => {
    const { tokenLifetimeMsMax } = AUTHENTICATOR_DEFAULTS;
    const expiresAtMs = NOW_MS + HOUR_MS;
    const issuedAtMs = expiresAtMs - tokenLifetimeMsMax;
    const verify = async (claims: Partial<TokenClaims>) =>
      codeOf(await authenticator().verify(await sign({ expiresAtMs, ...claims })));
    expect(await verify({ issuedAtMs })).toBe("ok");
    expect(await verify({ issuedAtMs: issuedAtMs - 2_000 })).toBe("unauthenticated");
    const ahead = { issuedAtMs: NOW_MS, expiresAtMs: NOW_MS + tokenLifetimeMsMax + 2_000 };
    expect(await verify(ahead)).toBe("unauthenticated");
  });

  test("refuses a token that was issued in the future, but for the difference of clocks", async () => {
    const verify = async (issuedAtMs: number) =>
      codeOf(await authenticator({ clockToleranceS: 5 }).verify(await sign({ issuedAtMs })));
    expect(await verify(NOW_MS + 5_000)).toBe("ok");
    expect(await verify(NOW_MS + 6_000)).toBe("unauthenticated");
  });

  test("asserts a secret of 256 bits", () => {
    const keys = { kind: "secret", secret: Buffer.alloc(31) } as const;
    expect(() => authenticator({ keys })).toThrow("32 bytes");
  });
});

describe("Authenticator: revocation", () => {
  test("of a token by its id leaves the subject's other tokens", async () => {
    const revocations = nothingRevoked();
    const it = authenticator({}, NOW_MS, revocations);
    revocations.add(revocationOf("t-1", NOW_MS), NOW_MS);
    expect(codeOf(await it.verify(await sign({ tokenId: "t-1" })))).toBe("unauthenticated");
    expect(codeOf(await it.verify(await sign({ tokenId: "t-2" })))).toBe("ok");
    expect(codeOf(await it.verify(await sign()))).toBe("ok");
  });

  test("of a subject covers what was issued up to then, and nothing later", async () => {
    const revocations = nothingRevoked();
    const it = authenticator({}, NOW_MS, revocations);
    revocations.add(revocationOfSubject("alice", NOW_MS), NOW_MS);
    expect(codeOf(await it.verify(await sign()))).toBe("unauthenticated");
    expect(codeOf(await it.verify(await sign({ issuedAtMs: NOW_MS + 1_000 })))).toBe("ok");
    expect(codeOf(await it.verify(await sign({ subject: "bob" })))).toBe("ok");
  });

  test.each([
    ["with", { iat: MINUTE.iat }],
    ["without", {}],
  ])("is never outlived by a token %s iat", async (_, issued) => {
    const DAY_MS = 24 * HOUR_MS;
    const revocations = nothingRevoked();
    revocations.add(revocationOf("stolen", NOW_MS), NOW_MS);
    const exp = (NOW_MS + 60 * DAY_MS) / 1_000;
    const token = await new SignJWT({ sub: "alice", jti: "stolen", exp, ...issued })
      .setProtectedHeader({ alg: "HS256" })
      .sign(SECRET);
    for (const day of [0, 28, 30, 31, 32, 40, 59]) {
      const nowMs = NOW_MS + day * DAY_MS;
      revocations.prune(nowMs);
      const verdict = await authenticator({}, nowMs, revocations).verify(token);
      expect(codeOf(verdict), `day ${day}`).toBe("unauthenticated");
    }
  });
});

describe("Authenticator: keys by URL", () => {
  const clock = { wallMs: () => Date.now() };

  function remote(keys: AuthenticatorConfig["keys"]): Authenticator {
    const config = { ...AUTHENTICATOR_DEFAULTS, keys, keysFetchMsMax: 300 };
    return new Authenticator(config, clock, nothingRevoked());
  }

  test("verifies with the published key and fetches it once", async () => {
    const server = await startKeyServer();
    const it = remote(server.config);
    const tokens = [await server.sign({ sub: "alice" }), await server.sign({ sub: "bob" })];
    for (const token of tokens) expect(codeOf(await it.verify(token))).toBe("ok");
    expect(server.requests).toBe(1);
  });

  test("refuses a token signed with the public key as a secret, and one of the shared secret", async () => {
    const server = await startKeyServer();
    const it = remote(server.config);
    const response = await fetch((server.config as { url: string }).url);
    const publicKey = Buffer.from(await response.text());
    const iat = Math.floor(Date.now() / 1_000);
    const confused = await new SignJWT({ sub: "alice", iat, exp: iat + 60 })
      .setProtectedHeader({ alg: "HS256", kid: "key-1" })
      .sign(publicKey);
    expect(codeOf(await it.verify(confused))).toBe("unauthenticated");
    const shared = await signToken(SECRET, {
      subject: "alice",
      role: "client",
      expiresAtMs: Date.now() + 60_000,
    });
    expect(codeOf(await it.verify(shared))).toBe("unauthenticated");
  });

  test("refuses a token of a key that is not published", async () => {
    const [trusted, other] = [await startKeyServer(), await startKeyServer()];
    expect(codeOf(await remote(trusted.config).verify(await other.sign({ sub: "alice" })))).toBe(
      "unauthenticated",
    );
  });

  test("says unavailable, not unauthenticated, when the keys cannot be had", async () => {
    const server = await startKeyServer();
    const token = await server.sign({ sub: "alice" });
    server.isBroken = true;
    expect(codeOf(await remote(server.config).verify(token))).toBe("unavailable");
    server.isBroken = false;
    server.delayMs = 1_000;
    expect(codeOf(await remote(server.config).verify(token))).toBe("unavailable");
    const nobody = { ...server.config, url: "http://127.0.0.1:1/keys" } as const;
    expect(codeOf(await remote(nobody as AuthenticatorConfig["keys"]).verify(token))).toBe(
      "unavailable",
    );
  });
});
