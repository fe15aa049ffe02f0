// The figures of the fan-out benchmark for programs and for people.

import type { FanoutResult } from "./fanout.ts";
import type { FanoutFigures } from "./repayments.ts";
import { machineText } from "../machine/machine.ts";
import { commandTyped, writeSection } from "../command/readme-section.ts";
import { median } from "../bench/median.ts";

export function fanoutJson(result: FanoutResult): string {
  const { machine, options, lastPush, growth } = result;
  return JSON.stringify({
    serial: summary(result.serial),
    parallel: summary(result.parallel),
    lastPushP50Ms: lastPush.p50Ms,
    lastPushP99Ms: lastPush.p99Ms,
    growth: growth.map(({ lenders, serial, lastPush: push }) => ({
      lenders,
      postingsPerSecond: serial.postingsPerSecond,
      repaymentsPerSecond: serial.repaymentsPerSecond,
      p99Ms: serial.latencies.p99Ms,
      serverCpuUs: serial.serverCpuUs,
      lastPushP50Ms: push.p50Ms,
      lastPushP99Ms: push.p99Ms,
    })),
    machine,
    settings: options,
  });
}

function summary(rounds: readonly FanoutFigures[]) {
  const postings = rounds.map((round) => round.postingsPerSecond);
  const known = (values: readonly (number | null)[]): number | null => {
    const numbers = values.filter((value) => value !== null);
    return numbers.length === 0 ? null : median(numbers);
  };
  return {
    inFlight: rounds[0]!.inFlight,
    postingsPerSecond: median(postings),
    lowestPerSecond: Math.min(...postings),
    highestPerSecond: Math.max(...postings),
    repaymentsPerSecond: median(rounds.map((round) => round.repaymentsPerSecond)),
    p50Ms: median(rounds.map((round) => round.latencies.p50Ms)),
    p99Ms: median(rounds.map((round) => round.latencies.p99Ms)),
    serverCpuUs: known(rounds.map((round) => round.serverCpuUs)),
    redisCpuUs: known(rounds.map((round) => round.redisCpuUs)),
  };
}

export function fanoutText(result: FanoutResult): string {
  const { machine, options } = result;
  const rows = [result.serial, result.parallel].map((rounds) => {
    const s = summary(rounds);
    return (
      `${String(s.inFlight).padStart(9)}  ${grouped(s.postingsPerSecond).padStart(10)}  ` +
      `${`${grouped(s.lowestPerSecond)}..${grouped(s.highestPerSecond)}`.padStart(20)}  ` +
      `${grouped(s.repaymentsPerSecond).padStart(12)}  ${s.p50Ms.toFixed(2).padStart(7)}  ` +
      `${s.p99Ms.toFixed(2).padStart(7)}  ${(s.serverCpuUs ?? 0).toFixed(2).padStart(6)}  ` +
      (s.redisCpuUs ?? 0).toFixed(2).padStart(5)
    );
  });
  const growth = result.growth.map(
    ({ lenders, serial, lastPush }) =>
      `${grouped(lenders).padStart(7)}  ${grouped(serial.postingsPerSecond).padStart(10)}  ` +
      `${serial.latencies.p50Ms.toFixed(2).padStart(7)}  ${lastPush.p50Ms.toFixed(2).padStart(12)}  ` +
      lastPush.p99Ms.toFixed(2).padStart(12),
  );
  return [
    machineText(machine),
    `${grouped(options.loans)} loans of ${grouped(options.lenders)} lenders out of ` +
      `${grouped(options.accounts)} accounts`,
    "",
    "in flight  postings/s       lowest..highest  repayments/s   p50 ms   p99 ms  server  Redis",
    ...rows,
    "",
    `payment to the last of ${grouped(options.lenders)} pushes, one at a time: ` +
      `p50 ${result.lastPush.p50Ms.toFixed(2)} ms, p99 ${result.lastPush.p99Ms.toFixed(2)} ms`,
    ...(growth.length === 0
      ? []
      : ["", "lenders  postings/s   p50 ms  push p50 ms   push p99 ms", ...growth]),
    "",
    "A posting is one leg. Medians of the rounds; server and Redis: CPU microseconds for each leg.",
  ].join("\n");
}

/** Throws when the file has no place for them. */
export function writeFanout(file: string, result: FanoutResult, onDay: Date): void {
  const { rounds, duration, warmUp } = result.options;
  const markdown = [
    `Written by \`${commandTyped("bench:fanout")}\` on ${onDay.toISOString().slice(0, 10)}: ` +
      `${rounds} interleaved rounds of`,
    `${duration} ms after ${warmUp} ms of warm-up, closed loop, the borrower's debit included; server, Redis and`,
    "client on the same machine, fsync before every answer.",
    "",
    "```",
    fanoutText(result),
    "```",
    "",
    "Legs are counted where they become durable, and the lenders' money is held against the borrowers'",
    "answers at the end. One business date: legs carry principal alone. Pushes are timed with every lender",
    "of the loan connected to this machine; one client process reads them all.",
  ].join("\n");
  writeSection(file, "fanout", markdown);
}

function grouped(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}
