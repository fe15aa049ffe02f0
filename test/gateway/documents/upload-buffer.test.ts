import { describe, expect, test, vi, onTestFinished } from "vitest";
import { createDocumentCounters } from "../../../src/gateway/documents/counters.ts";
import {
  BURST_BYTES_MAX,
  UploadBuffer,
  type Turn,
} from "../../../src/gateway/documents/upload-buffer.ts";

const MIB = 1_048_576;

function buffer(bytesMax: number) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const counters = createDocumentCounters();
  const uploads = new UploadBuffer(counters, bytesMax);
  const started: string[] = [];
  const stopped: string[] = [];
  const turns = new Map<string, Turn>();
  const ask = (name: string): void =>
    uploads.ask({
      start: (turn) => {
        started.push(name);
        turns.set(name, turn);
      },
      stop: () => {
        stopped.push(name);
        turns.get(name)!.end();
      },
    });
  return { counters, uploads, started, stopped, turns, ask };
}

describe("The buffer of uploads", () => {
  test("lets so many read as there is room for bursts, and the next in order", () => {
    const { started, turns, ask } = buffer(24 * MIB);
    for (const name of ["a", "b", "c", "d", "e"]) ask(name);
    // A quarter is for what comes with requests: 18 MiB are three bursts.
    expect(Math.floor((18 * MIB) / BURST_BYTES_MAX)).toBe(3);
    expect(started).toEqual(["a", "b", "c"]);
    turns.get("b")!.end();
    turns.get("b")!.end();
    expect(started).toEqual(["a", "b", "c", "d"]);
  });

  test("counts bytes that wait to be written, until they are", () => {
    const { uploads, started, turns, ask } = buffer(24 * MIB);
    ask("a");
    expect(uploads.take(14 * MIB)).toBe(true);
    turns.get("a")!.end();
    ask("b");
    expect(started).toEqual(["a"]);
    uploads.give(10 * MIB);
    expect(started).toEqual(["a", "b"]);
  });

  test("makes who reads and brings nothing give way, but only when others wait", () => {
    const { started, stopped, ask } = buffer(8 * MIB);
    ask("slow");
    vi.advanceTimersByTime(1_000);
    expect(stopped).toEqual([]);
    ask("quick");
    expect(started).toEqual(["slow"]);
    vi.advanceTimersByTime(100);
    expect(stopped).toEqual(["slow"]);
    expect(started).toEqual(["slow", "quick"]);
  });

  test("takes nothing beyond its size", () => {
    const { uploads, counters } = buffer(8 * MIB);
    expect(uploads.take(8 * MIB)).toBe(true);
    expect(uploads.take(1)).toBe(false);
    expect(counters.bufferedBytes).toBe(8 * MIB);
  });
});
