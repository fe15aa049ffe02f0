import { expect, test } from "vitest";
import { Tokens } from "../../../load/driver/tokens.ts";
import { Authenticator, AUTHENTICATOR_DEFAULTS } from "../../../src/gateway/authenticator.ts";
import { nothingRevoked, SECRET } from "../../support/gateway-fixture.ts";

test("Tokens of the benchmark are such as a server takes", async () => {
  const keys = { kind: "secret", secret: SECRET } as const;
  const clock = { wallMs: () => Date.now() };
  const server = new Authenticator({ ...AUTHENTICATOR_DEFAULTS, keys }, clock, nothingRevoked());
  const token = new Tokens(SECRET.toString()).sign("ops", "operator");
  expect(await server.verify(token)).toMatchObject({
    ok: true,
    principal: { subject: "ops", role: "operator" },
  });
});
