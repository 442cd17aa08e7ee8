// A vendor's library as it is pinned here: its name and version, and what its types say.

import { readFileSync, readdirSync } from "node:fs";

const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

export function library(name) {
  if (!dependencies[name]) throw new Error(`${name} is not among the dependencies`);
  return `${name} ${dependencies[name]}`;
}

/** What the first group of `pattern` finds in the library's type declarations under `folder`, sorted. */
export function declared(name, folder, pattern) {
  library(name);
  const root = new URL(`../node_modules/${name}/${folder}/`, import.meta.url);
  const files = readdirSync(root, { recursive: true }).filter((file) => file.endsWith(".d.ts"));
  const texts = files.sort().map((file) => readFileSync(new URL(file, root), "utf8"));
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map((found) => found[1])))].sort();
}
