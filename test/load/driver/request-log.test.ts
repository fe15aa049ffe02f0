import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FLAG, RequestLog } from "../../../load/driver/request-log.ts";
import { RequestIds } from "../../../load/driver/request-ids.ts";
import { requestIdFromBytes } from "../../../actors/address.ts";

describe("RequestLog", () => {
  test("gives back what was written, through bytes and across blocks", () => {
    const log = new RequestLog();
    const ids = new RequestIds();
    const bytes = Buffer.alloc(16);
    const written: string[] = [];
    const COUNT = 40_000;
    for (let at = 0; at < COUNT; at++) {
      expect(log.add(at % 6, at % 2, at, at - 1, at * 100, at / 7)).toBe(at);
      ids.write(bytes, 0, 1_763_000_000_000);
      written.push(requestIdFromBytes(bytes));
      log.mark(at, FLAG.mutating);
      log.sent(at, at / 7 + 0.25, bytes);
      if (at % 3 === 0) continue;
      log.answered(at, at / 7 + 1.5, `0:1-${at >> 4}`);
      if (at % 3 === 1) log.placed(at, at + 1, at * 50, at + 2, 9_000_000_000_000);
      else log.refused(at, 409);
    }
    const read = RequestLog.decode(Buffer.concat([...log.encode()]));
    expect(read.count).toBe(COUNT);
    fc.assert(
      fc.property(fc.nat(COUNT - 1), (at) => {
        const isAnswered = at % 3 !== 0;
        expect(read.read(at)).toEqual({
          operation: at % 6,
          flags:
            (at % 2) |
            FLAG.mutating |
            (isAnswered ? FLAG.answered : 0) |
            (at % 3 === 2 ? FLAG.refused : 0),
          errorNumber: at % 3 === 2 ? 409 : 0,
          client: at,
          loan: at - 1,
          amountCents: at * 100,
          plannedMs: at / 7,
          sentMs: at / 7 + 0.25,
          answeredMs: isAnswered ? at / 7 + 1.5 : 0,
          bidId: at % 3 === 1 ? at + 1 : 0,
          filledCents: at % 3 === 1 ? at * 50 : 0,
          rank: at % 3 === 1 ? at + 2 : 0,
          remainingCents: at % 3 === 1 ? 9_000_000_000_000 : 0,
          requestId: written[at],
          position: isAnswered ? `0:1-${at >> 4}` : "",
        });
      }),
    );
  });

  test("is refused when it was cut short", () => {
    const log = new RequestLog();
    log.add(0, 0, 1, 1, 100, 0);
    const bytes = Buffer.concat([...log.encode()]);
    expect(() => RequestLog.decode(bytes.subarray(0, bytes.length - 1))).toThrow("a log is whole");
  });
});
