import { randomBytes, randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Environment, readConfig } from "../src/config.ts";
import { findStartupWarnings } from "../src/startup-warnings.ts";
import { startProcess } from "./support/process.ts";

/** The names of the settings with which each warning begins, or that it says are missing. */
function warnedSettings(environment: Environment): readonly string[] {
  return findStartupWarnings(readConfig(environment)).map((warning) =>
    warning.startsWith("Other machines") ? "TLS" : (warning.split(" ")[0] ?? ""),
  );
}

const secretOf = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");

describe("findStartupWarnings", () => {
  it("finds nothing in the defaults, and nothing in a complete deployment", () => {
    expect(warnedSettings({})).to.deep.equal([]);
    const behindProxy = { HOST: "0.0.0.0", PUBLIC_URL: "https://id.example", TRUST_PROXY: "10.0.0.1" };
    expect(warnedSettings({ ...behindProxy, AUTH_SECRET: randomBytes(32).toString("hex") })).to.deep.equal([]);
  });

  for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    it(`finds nothing if only this machine can connect: HOST=${host}`, () =>
      expect(warnedSettings({ HOST: host })).to.deep.equal([]));

  for (const host of ["0.0.0.0", "::", "192.0.2.1", "gatehouse.internal", "127.0.0.1.example"])
    it(`finds HOST=${host} without PUBLIC_URL and without TLS or a trusted proxy`, () =>
      expect(warnedSettings({ HOST: host })).to.deep.equal(["PUBLIC_URL", "TLS"]));

  it("accepts TLS of the service instead of a proxy", () => {
    const file = join(import.meta.dirname, "startup-warnings.test.js"); // the certificate is read later
    const environment = { HOST: "::", PUBLIC_URL: "https://id.example", TLS_CERT: file, TLS_KEY: file };
    expect(warnedSettings(environment)).to.deep.equal([]);
  });

  for (const secret of [
    "x".repeat(64),
    "password".repeat(4),
    "change-me-change-me-change-me-change-me",
    "supersecretsupersecretsupersecret!",
    "0123456789".repeat(4),
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "zyxwvutsrqponmlkjihgfedcba9876543210",
  ])
    it(`finds the AUTH_SECRET ${secret.slice(0, 12)}...`, () => {
      expect(warnedSettings({ AUTH_SECRET: secret })).to.deep.equal(["AUTH_SECRET"]);
      expect(findStartupWarnings(readConfig({ AUTH_SECRET: secret })).join()).to.not.include(secret);
    });

  it("accepts random secrets of 32 digits, hexadecimal digits or letters", () => {
    for (const alphabet of ["0123456789", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz"])
      for (let count = 0; count < 500; count++)
        expect(warnedSettings({ AUTH_SECRET: secretOf(alphabet, 32) })).to.deep.equal([]);
  });

  it("returns what the service logs at its start, one line each, before the line with the version", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-warnings-"));
    try {
      const service = await startProcess({ DATA_DIR: directory, HOST: "0.0.0.0" });
      await service.stop("SIGTERM");
      const lines = service
        .stderr()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
      expect(lines.filter(({ level }) => level === "warn").map(({ message }) => message)).to.deep.equal(
        findStartupWarnings(readConfig({ HOST: "0.0.0.0" })),
      );
      expect(lines.find(({ message }) => message === "listening").version).to.match(/^\d+\.\d+\.\d+$/);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
