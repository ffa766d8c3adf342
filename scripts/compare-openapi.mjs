/**
 * Compares two OpenAPI documents without their texts: operations, parameters, statuses, headers and schemas.
 * Run: node scripts/compare-openapi.mjs OLD.yaml NEW.yaml. Exit code 1 when they differ; each difference is one line.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

const texts = new Set(["summary", "description", "title", "example", "examples", "externalDocs"]);
const namesBelow = new Set([
  "properties",
  "patternProperties",
  "schemas",
  "responses",
  "parameters",
  "headers",
  "$defs",
]);
const differences = [];
const [before, after] = process.argv.slice(2).map((path) => parse(readFileSync(path, "utf8")));
compare(before, after, "", false);
for (const line of differences) process.stdout.write(`${line}\n`);
process.stdout.write(`${differences.length} differences besides texts\n`);
process.exitCode = differences.length === 0 ? 0 : 1;

/** @param isNames whether the keys are names (properties, schemas) and not OpenAPI keywords */
function compare(old, now, at, isNames) {
  if (Array.isArray(old) && Array.isArray(now)) {
    const sorted = (list) => (list.every((each) => typeof each !== "object") ? list.toSorted() : list);
    if (at === "/tags") return; // names and descriptions of headings
    if (old.length !== now.length) differences.push(`${at}: ${old.length} elements became ${now.length}`);
    for (const [index, each] of sorted(old).entries()) compare(each, sorted(now)[index], `${at}/${index}`, false);
    return;
  }
  if (isObject(old) && isObject(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (!isNames && texts.has(key)) continue;
      if (at === "/info") continue;
      const path = `${at}/${key.replaceAll("/", "~1")}`;
      if (!Object.hasOwn(old, key)) differences.push(`${path}: added`);
      else if (!Object.hasOwn(now, key)) differences.push(`${path}: removed`);
      else compare(old[key], now[key], path, namesBelow.has(key) && !isNames);
    }
    return;
  }
  if (old !== now) differences.push(`${at}: ${JSON.stringify(old)} became ${JSON.stringify(now)}`);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
