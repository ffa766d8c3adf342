import { readPage } from "../markdown.fixture.ts";

/** One instruction of the Dockerfile, such as COPY, with the rest of its line. */
export interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** Reads the instructions of each stage of deploy/Dockerfile. Lines that end with a backslash continue. */
export function readStages(): readonly (readonly Instruction[])[] {
  const lines = readPage("deploy/Dockerfile")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const instructions = lines
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => ({ name: line.split(" ")[0] ?? "", value: line.slice(line.indexOf(" ") + 1) }));
  const starts = instructions.flatMap(({ name }, at) => (name === "FROM" ? [at] : []));
  return starts.map((start, at) => instructions.slice(start, starts[at + 1]));
}

/** Returns the values of all instructions with this name. */
export const valuesOf = (stage: readonly Instruction[], name: string): readonly string[] =>
  stage.filter((each) => each.name === name).map(({ value }) => value);

/** Parses the JSON form of ENTRYPOINT or CMD, also after the options of HEALTHCHECK. */
export const parseCommand = (value: string): readonly string[] => JSON.parse(value.slice(value.indexOf("[")));
