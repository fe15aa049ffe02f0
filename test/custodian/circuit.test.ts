import { describe, expect, test } from "vitest";
import { Circuit, type CircuitLimits } from "../../src/custodian/circuit.ts";
import { ManualEnvironment } from "./manual-environment.ts";

const LIMITS: CircuitLimits = {
  windowCalls: 10,
  callsMin: 4,
  failedShareMax: 0.5,
  delayMsFirst: 1_000,
  delayMsMax: 8_000,
};

interface Fixture {
  readonly environment: ManualEnvironment;
  readonly circuit: Circuit;
  call(hasFailed: boolean): Promise<string | null>;
}

function fixture(): Fixture {
  const environment = new ManualEnvironment();
  const circuit = new Circuit(LIMITS, environment);
  const call = (hasFailed: boolean): Promise<string | null> =>
    circuit.run(async () => ({ result: hasFailed ? "bad" : "good", hasFailed }));
  return { environment, circuit, call };
}

async function opened(): Promise<Fixture> {
  const made = fixture();
  for (let calls = 0; calls < LIMITS.callsMin; calls++) await made.call(true);
  expect(made.circuit.state).toBe("open");
  return made;
}

describe("The circuit", () => {
  test("stays closed below the least number of calls, and up to the share of failures", async () => {
    const { circuit, call } = fixture();
    for (let calls = 1; calls < LIMITS.callsMin; calls++) await call(true);
    expect(circuit.state).toBe("closed");
    for (let calls = 0; calls < 3; calls++) await call(false);
    for (let calls = 0; calls < 20; calls++) await call(calls % 2 === 1);
    expect(circuit.state).toBe("closed");
    expect(circuit.waitMs).toBeNull();
  });

  test("opens beyond it, and then makes no call", async () => {
    const { circuit, call } = await opened();
    let calls = 0;
    const result = await circuit.run(async () => {
      calls++;
      return { result: "called", hasFailed: false };
    });
    expect(result).toBeNull();
    expect(calls).toBe(0);
    expect(await call(false)).toBeNull();
    expect(circuit.openings).toBe(1);
  });

  test("makes one call after the wait, and closes when it went well", async () => {
    const { environment, circuit, call } = await opened();
    const waitMs = circuit.waitMs!;
    expect(waitMs).toBeGreaterThanOrEqual(500);
    expect(waitMs).toBeLessThanOrEqual(1_000);
    await environment.advance(waitMs - 1);
    expect(await call(false)).toBeNull();
    await environment.advance(1);
    expect(await call(false)).toBe("good");
    expect(circuit.state).toBe("closed");
    for (let calls = 1; calls < LIMITS.callsMin - 1; calls++) await call(true);
    expect(circuit.state, "what was before the opening is forgotten").toBe("closed");
  });

  test("lets nobody through while that one call is under way", async () => {
    const { environment, circuit, call } = await opened();
    await environment.advance(1_000);
    let answer = (_: { result: string; hasFailed: boolean }): void => undefined;
    const probe = circuit.run<string>(() => new Promise((resolve) => (answer = resolve)));
    expect(circuit.state).toBe("half_open");
    const others = await Promise.all([call(false), call(false), call(false)]);
    expect(others).toEqual([null, null, null]);
    answer({ result: "bad", hasFailed: true });
    expect(await probe).toBe("bad");
    expect(circuit.state).toBe("open");
    expect(await call(false)).toBeNull();
  });

  test("waits twice as long after each failed probe, up to a limit, and anew when it was closed", async () => {
    const { environment, circuit, call } = await opened();
    for (const most of [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]) {
      const waitMs = circuit.waitMs!;
      expect(waitMs).toBeGreaterThanOrEqual(most / 2);
      expect(waitMs).toBeLessThanOrEqual(most);
      await environment.advance(waitMs);
      await call(true);
    }
    await environment.advance(8_000);
    await call(false);
    for (let calls = 0; calls < LIMITS.callsMin; calls++) await call(true);
    expect(circuit.waitMs!).toBeLessThanOrEqual(1_000);
  });

  test.each([-3_600_000, 3_600_000])(
    "waits neither longer nor shorter when the wall clock is set by %d ms",
    async (byMs) => {
      const { environment, circuit, call } = await opened();
      const waitMs = circuit.waitMs!;
      environment.setWall(environment.clock.wallMs() + byMs);
      await environment.advance(waitMs - 1);
      expect(await call(false)).toBeNull();
      await environment.advance(1);
      expect(await call(false)).toBe("good");
    },
  );
});
