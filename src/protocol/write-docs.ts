// `npm run docs`: writes the generated documentation beside the table that it is made from. A test
// fails when what is committed is older than the table.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { asyncApiDocument } from "./asyncapi.ts";
import { protocolPage } from "./protocol-page.ts";

const folder = join(process.cwd(), "src", "protocol");
writeFileSync(join(folder, "asyncapi.json"), JSON.stringify(asyncApiDocument(), null, 2));
writeFileSync(join(folder, "PROTOCOL.md"), protocolPage());
