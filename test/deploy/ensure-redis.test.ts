import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../deploy/ensure-redis.mjs", import.meta.url));

/** Folder that is the whole PATH: the machine of the test has what is put into it, nothing else. */
let bin: string;

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "loanloom-path-"));
  for (const name of ["sh", "cat", "chmod"]) symlinkSync(`/bin/${name}`, join(bin, name));
});
afterEach(() => rmSync(bin, { recursive: true }));

function program(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** A package manager that writes down how it was called, and installs a Redis when told so. */
function packageManager(name: string, { installs }: { installs: string | null }): void {
  const script = `echo "$0 $*" >> ${join(bin, "calls")}`;
  const redis = join(bin, "redis-server");
  const effect =
    installs === null
      ? "exit 1"
      : `case "$*" in *redis*)
    printf '#!/bin/sh\\necho "Redis server v=${installs} sha=0"\\n' > ${redis}; chmod 755 ${redis};;
  esac`;
  program(name, `${script}\n${effect}`);
}

function ensure(args: readonly string[] = [], environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], {
    encoding: "utf8",
    env: { PATH: bin, ...environment },
  });
  const calls = join(bin, "calls");
  return { status, stdout, stderr, calls: existsSync(calls) ? readFileSync(calls, "utf8") : "" };
}

describe("ensure-redis", () => {
  test("does nothing and says nothing when a Redis is there", () => {
    program("redis-server", 'echo "Redis server v=7.0.15 sha=0"');
    packageManager("apk", { installs: "7.2.0" });
    expect(ensure()).toEqual({ status: 0, stdout: "", stderr: "", calls: "" });
  });

  test("a Valkey will do, and so will a REDIS_URL", () => {
    expect(ensure([], { REDIS_URL: "redis://cache" }).status).toBe(0);
    program("valkey-server", 'echo "Valkey server v=8.0.1 sha=0"');
    expect(ensure().status).toBe(0);
  });

  test("installs one with the package manager that is there, and says so", () => {
    packageManager("dnf", { installs: "7.2.4" });
    const { status, stderr, calls } = ensure();
    expect(status).toBe(0);
    expect(stderr).toContain("installing redis with dnf");
    expect(calls).toMatch(/dnf install -y -q redis\n$/);
  });

  test.runIf(process.getuid?.() === 0)(
    "on Debian installs the server alone and starts nothing",
    () => {
      packageManager("apt-get", { installs: "7.0.15" });
      program("systemctl", `echo "systemctl $*" >> ${join(bin, "calls")}`);
      const before = existsSync("/usr/sbin/policy-rc.d");
      const { status, calls } = ensure();
      expect(status).toBe(0);
      expect(calls).toContain("install -y -q --no-install-recommends redis-server\n");
      expect(calls).toContain("systemctl disable --quiet redis-server\n");
      expect(existsSync("/usr/sbin/policy-rc.d")).toBe(before);
    },
  );

  test("says in one line how to install one when it cannot", () => {
    const none = ensure();
    expect(none.status).toBe(1);
    expect(none.stderr).toMatch(/^ensure-redis: no package manager[^\n]*REDIS_URL[^\n]*\n$/);
    packageManager("apk", { installs: null });
    const failed = ensure();
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain("apk could not install");
  });

  test("an old Redis does not count, neither found nor installed", () => {
    packageManager("apk", { installs: "6.0.16" });
    const { status, stderr } = ensure();
    expect(status).toBe(1);
    expect(stderr).toContain("is too old");
  });

  test("--check installs nothing", () => {
    packageManager("apk", { installs: "7.2.0" });
    expect(ensure(["--check"])).toMatchObject({ status: 1, calls: "" });
  });

  test("--help explains, anything else is refused", () => {
    expect(ensure(["--help"])).toMatchObject({ status: 0, stderr: "" });
    expect(ensure(["--help"]).stdout).toContain("--check");
    expect(ensure(["--chekc"]).status).toBe(2);
  });
});
