import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { codec } from "../support/world.ts";
import { readBatches, writeGolden, type GoldenJournal } from "./golden-journal.ts";

const FOLDER = new URL("./golden/", import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".golden.json"));

describe("Golden journals", () => {
  it.runIf(process.env["GOLDEN"] === "write")("is written for this version", async () => {
    const golden = await writeGolden("1");
    writeFileSync(new URL("v1.golden.json", FOLDER), `${JSON.stringify(golden, null, 1)}\n`);
  });

  it.each(files)("%s is read to the state that it was written with", async (name) => {
    const golden = JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as GoldenJournal;
    const { batches, version: _, ...expected } = golden;
    expect(await readBatches(batches)).toEqual(expected);
  });

  it("every event that there is stands in a golden journal", () => {
    const seen = new Set<string>();
    for (const name of files) {
      const golden = JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as GoldenJournal;
      for (const batch of golden.batches) {
        for (const record of codec.read(Buffer.from(batch, "base64")).records) {
          if (record.record !== "act") continue;
          for (const event of record.events) seen.add(`${record.kind}/${event.type}`);
        }
      }
    }
    const all = Object.entries(ACTOR_LAYOUTS).flatMap(([kind, { events }]) => {
      return Object.keys(events).map((type) => `${kind}/${type}`);
    });
    expect([...seen].sort()).toEqual(all.sort());
  });

  it("a changed amount is not read to the same state", async () => {
    const golden = JSON.parse(readFileSync(new URL(files[0]!, FOLDER), "utf8")) as GoldenJournal;
    const bytes = Buffer.from(golden.batches[1]!, "base64");
    bytes[bytes.length - 1 - "r-anna".length - 1]! ^= 1; // The deposit's lowest byte.
    const batches = [...golden.batches];
    batches[1] = bytes.toString("base64");
    const { batches: _, version: __, ...expected } = golden;
    const read = await readBatches(batches).catch((error: unknown) => error);
    expect(read).not.toEqual(expected);
  });
});
