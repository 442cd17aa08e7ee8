// The name and version of a vendor's library, as it is pinned here.

import { readFileSync } from "node:fs";

const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

export function library(name) {
  if (!dependencies[name]) throw new Error(`${name} is not among the dependencies`);
  return `${name} ${dependencies[name]}`;
}
