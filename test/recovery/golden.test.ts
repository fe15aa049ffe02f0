import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { codec } from "../support/world.ts";
import { writeGoldenCancel } from "./golden-cancel.ts";
import { writeGoldenCure } from "./golden-cure.ts";
import { writeGoldenCustody } from "./golden-custody.ts";
import { writeGoldenRules } from "./golden-rules.ts";
import { readBatches, writeGolden, type GoldenJournal } from "./golden-journal.ts";

const FOLDER = new URL("./golden/", import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".golden.json"));

function goldenOf(name: string): GoldenJournal {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as GoldenJournal;
}

function textOf(golden: GoldenJournal): string {
  return `${JSON.stringify(golden, null, 1)}\n`;
}

describe("Golden journals", () => {
  it.runIf(process.env["GOLDEN"] === "write")("is written for this version", async () => {
    const golden = await writeGolden("4");
    writeFileSync(new URL("v4.golden.json", FOLDER), textOf(golden));
  });

  it.runIf(process.env["GOLDEN"] === "write")("is written for the custodian bank", async () => {
    const golden = await writeGoldenCustody("2-custody");
    writeFileSync(new URL("v2-custody.golden.json", FOLDER), textOf(golden));
  });

  it.runIf(process.env["GOLDEN"] === "write")("is written for rules 2 of lending", async () => {
    const golden = await writeGoldenRules("5-rules");
    writeFileSync(new URL("v5-rules.golden.json", FOLDER), textOf(golden));
  });
  it.runIf(process.env["GOLDEN"] === "write")(
    "is written for a default that is cured",
    async () => {
      const golden = await writeGoldenCure("5-cure");
      writeFileSync(new URL("v5-cure.golden.json", FOLDER), textOf(golden));
    },
  );

  it.runIf(process.env["GOLDEN"] === "write")("is written for cancelled loans", async () => {
    const golden = await writeGoldenCancel("5-cancel");
    writeFileSync(new URL("v5-cancel.golden.json", FOLDER), textOf(golden));
  });

  it.each(files)("%s is read to the actors that it was written with", async (name) => {
    const golden = goldenOf(name);
    const { views, records, trialBalance } = await readBatches(golden.batches);
    expect({ records, actors: Object.keys(views) }).toEqual({
      records: golden.records,
      actors: Object.keys(golden.views),
    });
    // The chart grows; what there was of it then is as it was.
    expect(trialBalance).toMatchObject(golden.trialBalance);
    expect(views).toMatchObject(golden.views);
  });

  it.runIf(process.env["GOLDEN"] === "states").each(files)(
    "%s gets the hashes of the states that this version makes of it",
    async (name) => {
      const golden = goldenOf(name);
      const { views, states } = await readBatches(golden.batches);
      expect(views).toMatchObject(golden.views);
      writeFileSync(new URL(name, FOLDER), textOf({ ...golden, states }));
    },
  );

  it.each(files)("%s is read to the states of its hashes", async (name) => {
    const golden = goldenOf(name);
    expect((await readBatches(golden.batches)).states).toEqual(golden.states);
  });

  it("every event that there is stands in a golden journal", () => {
    const seen = new Set<string>();
    for (const name of files) {
      for (const batch of goldenOf(name).batches) {
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

  it("a changed amount is read as that amount, and as nothing else", async () => {
    const golden = goldenOf("v1.golden.json");
    const bytes = Buffer.from(golden.batches[1]!, "base64");
    const amountAt = bytes.length - 1 - "r-anna".length - 4;
    expect(bytes.readUInt32BE(amountAt)).toBe(900_00);
    bytes.writeUInt32BE(900_01, amountAt);
    const batches = golden.batches.with(1, bytes.toString("base64"));
    const { views, trialBalance } = await readBatches(batches);
    const { "account/anna": anna, ...others } = golden.views;
    expect(views).toMatchObject(others);
    expect(anna).toMatchObject({ view: { availableCents: 500_00 } });
    expect(views["account/anna"]).toMatchObject({ view: { availableCents: 500_01 } });
    expect(trialBalance).toMatchObject({
      ...golden.trialBalance,
      "asset.custody": String(Number(golden.trialBalance["asset.custody"]) + 1),
      "client.available": String(Number(golden.trialBalance["client.available"]) - 1),
    });
  });
});
