import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import { hasTokenFormat, mintSecret } from "../src/domain/tokens/issue/format.ts";
import { root } from "./support/root.ts";

describe("Secret scanning", () => {
  /** The pattern of the gitleaks rule. It uses only syntax that Go and JavaScript share. */
  const pattern = async (): Promise<RegExp> => {
    const rule = await readFile(join(root, "docs/secret-scanning/gitleaks.toml"), "utf8");
    const [, source = ""] = /^regex = '''(.*)'''$/m.exec(rule) ?? [];
    return new RegExp(source, "g");
  };

  it("finds every token and refresh token in any surrounding text", async () => {
    const rule = await pattern();
    const around = fc.constantFrom(" ", "\n", '"', "'", "=", ":", "/", ",", ";", "(", "<");
    fc.assert(
      fc.property(fc.constantFrom("wxt", "wxtr"), around, around, (prefix, before, after) => {
        const secret = mintSecret(prefix);
        expect(`TOKEN${before}${secret}${after}x`.match(rule)).to.deep.equal([secret]);
      }),
    );
  });

  it("does not match strings that are longer, shorter, or of another alphabet", async () => {
    const rule = await pattern();
    const secret = mintSecret("wxt");
    for (const text of [
      `${secret}a`,
      secret.slice(0, -1),
      `a${secret}`,
      secret.replace("wxt_", "WXT_"),
      `${secret}_`,
    ]) {
      expect(text.match(rule), text).to.equal(null);
    }
  });

  it("finds no real token in the committed files: tokens in examples fail the checksum", async () => {
    const { stdout } = await promisify(execFile)("git", ["-C", root, "ls-files", "-z"], { maxBuffer: 10_000_000 });
    const leaks: string[] = [];
    for (const path of stdout.split("\0").filter(Boolean)) {
      const text = await readFile(join(root, path), "utf8").catch(() => "");
      for (const [candidate] of text.matchAll(/\b[a-z][a-z0-9]{1,7}_[0-9A-Za-z]{39}\b/g)) {
        const prefix = candidate.slice(0, candidate.indexOf("_"));
        if (hasTokenFormat(candidate, prefix)) leaks.push(`${path}: ${candidate.slice(0, 12)}`);
      }
    }
    expect(leaks).to.deep.equal([]);
  });
});
