// The other side of the rules: an arrow that no file goes is a door that nobody guards. Whoever
// needs one again writes it down again.

import { dirname, join } from "node:path/posix";
import { importsOf } from "./imports.ts";
import { roomOf, ROOMS, VENDORS, vendorOf, type SourceFile } from "./rules.ts";

/** Each `room -> place` of the rules that no file goes: what was never needed, or no longer is. */
export function unusedArrows(files: readonly SourceFile[]): readonly string[] {
  const used = new Set<string>();
  const usedByType = new Set<string>();
  for (const { path, text } of files) {
    const room = roomOf(path);
    for (const { specifier, typeOnly } of importsOf(path, text)) {
      const vendor = vendorOf(specifier);
      const target = join(dirname(path), specifier);
      const places = vendor === null ? [target, roomOf(target)] : [`package ${vendor}`];
      for (const place of places) {
        for (const from of [room, path]) {
          (typeOnly ? usedByType : used).add(`${from} -> ${place}`);
        }
      }
    }
  }
  const unused: string[] = [];
  for (const [room, { uses, types = [] }] of Object.entries(ROOMS)) {
    for (const place of uses) {
      const arrow = `${room} -> ${place}`;
      if (used.has(arrow)) continue;
      unused.push(usedByType.has(arrow) ? `${arrow}: only for types` : arrow);
    }
    for (const place of types) {
      if (!usedByType.has(`${room} -> ${place}`)) unused.push(`${room} -> types of ${place}`);
    }
  }
  for (const [vendor, places] of Object.entries(VENDORS)) {
    for (const place of places) {
      const arrow = `${place} -> package ${vendor}`;
      if (!used.has(arrow) && !usedByType.has(arrow)) unused.push(arrow);
    }
  }
  return unused;
}
