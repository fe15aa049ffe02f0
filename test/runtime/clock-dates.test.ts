import { describe, expect, test } from "vitest";
import { followClock, type ClockDates } from "../../src/runtime/clock-dates.ts";

/** A clock on the wall, a calendar that is slow or fails, and a log. */
class World {
  today: number;
  oldestDay = 100;
  /** A shard is away: of the others the date is as it was. */
  isShardAway = false;
  /** What the system was told last: undefined before it was told anything. */
  isCatchingUp: boolean | undefined;
  hasCaughtUp = false;
  readonly asked: number[] = [];
  readonly logged: string[] = [];
  #settle: ((fails: boolean) => void) | undefined;
  #due: (() => void) | undefined;
  readonly #dates: ClockDates;

  constructor(today = 100) {
    this.today = today;
    const log = (level: string) => (_: unknown, message: string) => {
      this.logged.push(`${level}: ${message}`);
    };
    this.#dates = followClock(this, () => this.today, {
      scheduler: {
        soon: (task) => task(),
        after: (_, task) => {
          this.#due = task;
          return () => (this.#due = undefined);
        },
      },
      log: { info: log("info"), warn: log("warn"), error: log("error") },
      stopping: new AbortController().signal,
    });
    void this.#dates.caughtUp.then(() => (this.hasCaughtUp = true));
  }

  get businessDay(): number {
    return this.isShardAway ? 0 : this.oldestDay;
  }

  end(): void {
    this.#dates.end();
  }

  setCatchingUp(isCatchingUp: boolean): void {
    this.isCatchingUp = isCatchingUp;
  }

  advanceTo(day: number): Promise<void> {
    this.asked.push(day);
    return new Promise((resolve, reject) => {
      this.#settle = (fails) => {
        if (fails) return reject(new Error("a shard is away"));
        this.oldestDay = day;
        resolve();
      };
    });
  }

  poll(): void {
    this.#due?.();
  }

  async settle(fails = false): Promise<void> {
    this.#settle!(fails);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("Business dates by the clock", () => {
  test("begin once each, one after the other", async () => {
    const world = new World();
    world.poll();
    expect(world.asked).toEqual([]);
    world.today = 101;
    world.poll();
    world.today = 102;
    world.poll();
    expect(world.asked).toEqual([101]);
    await world.settle();
    world.poll();
    await world.settle();
    world.poll();
    expect(world.asked).toEqual([101, 102]);
    expect(world.logged).toEqual([
      "warn: changes wait for business dates",
      "info: a business date began",
      "info: a business date began",
    ]);
  });

  test("that fail to begin are tried again", async () => {
    const world = new World();
    world.today = 101;
    world.poll();
    await world.settle(true);
    world.poll();
    expect(world.asked).toEqual([101, 101]);
    expect(world.logged).toEqual(["warn: business dates were not closed; it is tried again"]);
  });

  test("do not begin before the first, when the clock goes back, or after the end", () => {
    const world = new World();
    world.today = 99;
    world.poll();
    world.today = 101;
    world.oldestDay = 0;
    world.poll();
    world.oldestDay = 100;
    world.end();
    world.poll();
    expect(world.asked).toEqual([]);
  });

  test("of a start: nothing else changes before the date is that of the clock", async () => {
    const world = new World(140);
    expect([world.asked, world.isCatchingUp]).toEqual([[140], true]);
    world.today = 141; // It took longer than till midnight.
    await world.settle();
    expect([world.isCatchingUp, world.hasCaughtUp]).toEqual([true, false]);
    world.poll();
    await world.settle();
    expect(world.asked).toEqual([140, 141]);
    expect([world.isCatchingUp, world.hasCaughtUp]).toEqual([false, true]);
  });

  test("of a start of today: all may change at once", async () => {
    const world = new World();
    expect(world.isCatchingUp).toBe(false);
    await Promise.resolve();
    expect(world.hasCaughtUp).toBe(true);
  });

  test("a midnight that passes holds nothing up, days that passed unseen do", async () => {
    const world = new World();
    world.today = 101;
    world.poll();
    expect([world.asked, world.isCatchingUp]).toEqual([[101], false]);
    await world.settle();
    world.today = 103; // The process was stopped.
    world.poll();
    expect([world.asked, world.isCatchingUp]).toEqual([[101, 103], true]);
    await world.settle();
    expect(world.isCatchingUp).toBe(false);
  });

  test("that cannot begin, since commits do not get through, let nothing else change", async () => {
    const world = new World();
    world.today = 101;
    world.poll();
    expect([world.asked, world.isCatchingUp]).toEqual([[101], false]);
    world.today = 102;
    world.poll();
    expect(world.isCatchingUp).toBe(true);
    await world.settle();
    world.poll();
    await world.settle();
    expect([world.asked, world.isCatchingUp]).toEqual([[101, 102], false]);
    expect(world.logged[0]).toBe("warn: changes wait for business dates");
  });

  test("nor do they while a shard is away, which may be further back", async () => {
    const world = new World(140);
    world.isShardAway = true;
    await world.settle();
    world.poll();
    expect([world.isCatchingUp, world.hasCaughtUp]).toEqual([true, false]);
    world.isShardAway = false;
    world.poll();
    await Promise.resolve();
    expect([world.isCatchingUp, world.hasCaughtUp]).toEqual([false, true]);
    world.isShardAway = true;
    world.today = 142;
    world.poll();
    expect(world.isCatchingUp).toBe(true);
  });
});
