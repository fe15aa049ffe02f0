// `loanloom reconcile` as scripts see it: how it exits when the bank gives no statement.

import { expect, test, vi } from "vitest";
import { SandboxProcess } from "../custodian/sandbox-process.ts";
import { runProgram } from "./program.ts";

vi.setConfig({ testTimeout: 60_000 });

test("reconcile exits with 2 for what the bank rejects, with 3 when there is no bank", async () => {
  const bank = await SandboxProcess.start();
  const right = Buffer.from((await bank.keys())[0]!).toString("hex");
  const reconcile = (date: string, secret: string) =>
    runProgram(["reconcile", "--date", date], {
      LOANLOOM_DATA: bank.folder,
      LOANLOOM_CUSTODIAN_URL: bank.url,
      LOANLOOM_CUSTODIAN_SECRET: secret,
      LOANLOOM_CUSTODIAN_ANSWER_MS_MAX: "2000",
    });
  const rejected = { code: 2, stderr: "loanloom: no statement of the custodian: rejected\n" };
  expect(await reconcile("2020-01-01", "ab".repeat(32))).toMatchObject(rejected);
  expect(await reconcile("2999-01-01", right)).toMatchObject(rejected);
  // The bank gives it: what is missing now are the journals.
  const { code, stderr } = await reconcile("2020-01-01", right);
  expect(stderr).toMatch(/has no journal/);
  expect(code).toBe(2);
  await bank.kill();
  expect(await reconcile("2020-01-01", right)).toMatchObject({ code: 3 });
});
