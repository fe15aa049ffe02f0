#!/usr/bin/env node
// The command `loanloom`. Looks at the version of Node before it loads anything else.

import { endOnClosedPipe } from "../command/closed-pipe.ts";
import { complaintAboutNode } from "./node-version.ts";

endOnClosedPipe();
const complaint = complaintAboutNode(process.versions.node);
if (complaint !== null) {
  process.stderr.write(`loanloom: ${complaint}\n`);
  process.exitCode = 2;
} else {
  const { runProgram } = await import("./program.ts");
  await runProgram(process.argv.slice(2));
}
