import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

/** Whether V8 has String.prototype in its fast form after the module was imported. */
function isFastAfter(module: string): boolean {
  const program = `await import(${JSON.stringify(module)}); console.log(%HasFastProperties(String.prototype));`;
  const flags = ["--allow-natives-syntax", "--input-type=module", "--eval", program];
  const printed = execFileSync(process.execPath, flags, { encoding: "utf8" });
  return printed.trim() === "true";
}

describe("String.prototype", () => {
  it("is a dictionary after ioredis was imported, which is why this room mends it", () => {
    expect(isFastAfter("ioredis")).toBe(false);
  });

  it("is fast after the module that imports ioredis", () => {
    const built = new URL("../../dist/src/journal/connection.js", import.meta.url);
    expect(isFastAfter(built.href)).toBe(true);
  });
});
