import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigError, loadClientConfig, loadConfig, type Environment } from "../../src/config.ts";
import {
  loadDocumentKeys,
  loadSecrets,
  readJwtSecret,
  readMacKey,
} from "../../src/config/secrets.ts";

const KEY_HEX = "ff".repeat(32);

describe("Secrets", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "loanloom-secrets-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function secretsOf(environment: Environment = {}): ReturnType<typeof loadSecrets> {
    return loadSecrets(loadConfig({ LOANLOOM_DATA: join(folder, "data"), ...environment }));
  }

  test("are generated once, and found again by the next start", async () => {
    const first = await secretsOf();
    expect(first.macKey).toHaveLength(32);
    expect(first.jwtSecret).toMatch(/^[0-9a-f]{64}$/);
    expect(await secretsOf()).toEqual(first);
  });

  test("are for their owner only, and no draft stays behind", async () => {
    await secretsOf();
    const names = await readdir(join(folder, "data"));
    expect(names.sort()).toEqual(["jwt.secret", "mac.key"]);
    for (const name of names) {
      expect((await stat(join(folder, "data", name))).mode & 0o777).toBe(0o600);
    }
  });

  test("are the same for processes that start at the same moment", async () => {
    const all = await Promise.all(Array.from({ length: 16 }, () => secretsOf()));
    const keys = new Set(all.map(({ macKey }) => Buffer.from(macKey).toString("hex")));
    expect(keys.size).toBe(1);
    expect(new Set(all.map(({ jwtSecret }) => jwtSecret)).size).toBe(1);
  });

  test("from the environment are taken as they are, and nothing is written", async () => {
    const jwtSecret = "x".repeat(40);
    const secrets = await secretsOf({ LOANLOOM_MAC_KEY: KEY_HEX, LOANLOOM_JWT_SECRET: jwtSecret });
    expect(Buffer.from(secrets.macKey).toString("hex")).toBe(KEY_HEX);
    expect(secrets.jwtSecret).toBe(jwtSecret);
    expect(await readdir(folder)).toEqual([]);
  });

  test("with a JWKS URL there is no token secret", async () => {
    const secrets = await secretsOf({ LOANLOOM_JWKS_URL: "https://keys.example/jwks" });
    expect(secrets.jwtSecret).toBeNull();
    expect(await readdir(join(folder, "data"))).toEqual(["mac.key"]);
  });

  test("a kept secret that others can read is refused", async () => {
    await secretsOf();
    await chmod(join(folder, "data", "mac.key"), 0o644);
    await expect(secretsOf()).rejects.toThrow(/chmod 600/);
  });

  test("a damaged key is refused and never replaced", async () => {
    await secretsOf();
    const path = join(folder, "data", "mac.key");
    await writeFile(path, "torn");
    await expect(secretsOf()).rejects.toThrow(ConfigError);
    expect(await readFile(path, "utf8")).toBe("torn");
  });

  const keysOf = (environment: Environment = {}): Promise<readonly string[]> =>
    loadDocumentKeys(loadConfig({ LOANLOOM_DATA: join(folder, "data"), ...environment })).then(
      (keys) => keys.map((key) => Buffer.from(key).toString("hex")),
    );

  test("a key of documents is generated, kept, and still there when another takes over", async () => {
    const [first, ...none] = await keysOf();
    expect(none).toEqual([]);
    expect(await keysOf()).toEqual([first]);
    const older = "ee".repeat(32);
    const environment = { LOANLOOM_DOCUMENT_KEY: KEY_HEX, LOANLOOM_DOCUMENT_KEYS_OLD: older };
    expect(await keysOf(environment)).toEqual([KEY_HEX, older, first]);
    expect(await keysOf({ LOANLOOM_DOCUMENT_KEYS_OLD: `${older}, ${KEY_HEX}` })).toEqual([
      first,
      older,
      KEY_HEX,
    ]);
  });

  test.each([
    ["mac.key", "redis", "LOANLOOM_MAC_KEY"],
    ["mac.key", "documents", "LOANLOOM_MAC_KEY"],
    ["mac.key", "anchors", "LOANLOOM_MAC_KEY"],
    ["jwt.secret", "redis", "LOANLOOM_JWT_SECRET"],
    ["document.key", "redis", "LOANLOOM_DOCUMENT_KEY"],
    ["document.key", "documents", "LOANLOOM_DOCUMENT_KEY"],
  ])("a missing %s is asked back, never made anew, beside %s/", async (file, beside, variable) => {
    await secretsOf();
    await keysOf();
    const data = join(folder, "data");
    await rm(join(data, file));
    await mkdir(join(data, beside));
    // The folder alone is nothing that was written with it.
    await Promise.all([secretsOf(), keysOf()]);
    await rm(join(data, file));
    await writeFile(join(data, beside, "something"), "");
    await expect(Promise.all([secretsOf(), keysOf()])).rejects.toThrow(
      new RegExp(`^${variable} is not set: .*${file} is missing, restore it`),
    );
    expect(await readdir(data)).not.toContain(file);
    await secretsOf({ LOANLOOM_MAC_KEY: KEY_HEX, LOANLOOM_JWT_SECRET: "x".repeat(40) });
    await keysOf({ LOANLOOM_DOCUMENT_KEY: KEY_HEX });
  });

  test("commands beside a server find its secrets, and never make any", async () => {
    const config = loadConfig({ LOANLOOM_DATA: join(folder, "data") });
    await expect(readJwtSecret(config)).rejects.toThrow(/jwt\.secret, which .* server makes/);
    await expect(readMacKey(config)).rejects.toThrow(ConfigError);
    expect(await readdir(folder)).toEqual([]);
    const { jwtSecret, macKey } = await secretsOf();
    expect(await readJwtSecret(config)).toBe(jwtSecret);
    expect(await readMacKey(config)).toEqual(macKey);
  });

  test("with a Redis of others a client needs no MAC key, and takes no secret from the folder", async () => {
    await secretsOf();
    const environment = { REDIS_URL: "redis://cache", LOANLOOM_DATA: join(folder, "data") };
    await expect(readJwtSecret(loadClientConfig(environment))).rejects.toThrow(
      /^LOANLOOM_JWT_SECRET is not set: .*REDIS_URL/,
    );
    const LOANLOOM_JWT_SECRET = "x".repeat(40);
    const given = loadClientConfig({ ...environment, LOANLOOM_JWT_SECRET });
    expect(await readJwtSecret(given)).toBe(LOANLOOM_JWT_SECRET);
  });

  test.each([
    ["a file", "file"],
    ["a link that leads nowhere", "link"],
    ["below a file", "file/data"],
    ["below /proc, where nothing can be made", "/proc/loanloom/data"],
    ["on a path that is too long", "x".repeat(300)],
  ])("a data folder that is %s is refused in a line, and at once", async (_, path) => {
    await writeFile(join(folder, "file"), "");
    await symlink(join(folder, "nowhere", "else"), join(folder, "link"));
    const data = path.startsWith("/") ? path : join(folder, path);
    const refused = loadSecrets(loadConfig({ LOANLOOM_DATA: data }));
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(/^LOANLOOM_\w+=\(E[A-Z]+: [^\n]+$/);
  });

  test("a key of documents that is given is not written down", async () => {
    expect(await keysOf({ LOANLOOM_DOCUMENT_KEY: KEY_HEX })).toEqual([KEY_HEX]);
    expect(await readdir(folder)).toEqual([]);
  });
});
