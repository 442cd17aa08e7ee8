// Writes `cases/`: what the vendors' own libraries sign, and what they say to what is broken.
//
// Everything is fixed, so that a second run writes the same. `--check` writes nothing and fails
// where the files differ from what would be written.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { suites as body } from "./vendors/body.mjs";
import { suites as contentful } from "./vendors/contentful.mjs";
import { suites as discord } from "./vendors/discord.mjs";
import { suites as hashed } from "./vendors/hashed.mjs";
import { suites as money } from "./vendors/money.mjs";
import { suites as people } from "./vendors/people.mjs";
import { suites as platforms } from "./vendors/platforms.mjs";
import { suites as security } from "./vendors/security.mjs";
import { suites as sets } from "./vendors/sets.mjs";
import { suites as timed } from "./vendors/timed.mjs";
import { suites as special } from "./vendors/special.mjs";
import { suites as token } from "./vendors/token.mjs";
import { suites as jwt } from "./vendors/jwt.mjs";
import { suites as sns } from "./vendors/sns.mjs";
import { keepSignatures } from "./lib/keys.mjs";

const folder = new URL("cases/", import.meta.url);
const check = process.argv.includes("--check");
let cases = 0;
const stale = [];
const disputes = [];
const written = new Set();
for (const suite of [...body, ...timed, ...special, ...token, ...jwt, ...sns, ...contentful, ...discord, ...hashed, ...money, ...people, ...platforms, ...security, ...sets]) {
  const text = format(await suite.file());
  disputes.push(...suite.disputes);
  const file = new URL(`${suite.name}.json`, folder);
  written.add(`${suite.name}.json`);
  cases += suite.cases.length;
  let known;
  try {
    known = readFileSync(file, "utf8");
  } catch {
    // A new vendor.
  }
  if (known !== text) stale.push(suite.name);
  if (!check) writeFileSync(file, text);
}
for (const name of readdirSync(folder)) if (!written.has(name)) stale.push(name);
if (!check) keepSignatures();
console.log(`${written.size} vendors, ${cases} cases`);
for (const dispute of disputes) console.error(dispute);
if (disputes.length > 0) process.exitCode = 1;
if (check && stale.length > 0) {
  console.error(`cases/ is not what the generator writes: ${stale.join(", ")}; run \`node tests/vendors/generate.mjs\``);
  process.exitCode = 1;
}

/** One case a line: small, and a difference shows which case it is. */
function format({ cases: list, ...rest }) {
  const head = JSON.stringify(rest, null, 1).slice(0, -2);
  return `${head},\n "cases": [\n${list.map((one) => `  ${JSON.stringify(one)}`).join(",\n")}\n ]\n}\n`;
}
