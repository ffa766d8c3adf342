import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import { isWellFormed, mintSecret } from "../src/domain/tokens/format.ts";
import { root } from "./support/root.ts";

describe("Secret scanning", () => {
  /** The rule's pattern; of Go's syntax it uses what JavaScript has too. */
  const pattern = async (): Promise<RegExp> => {
    const rule = await readFile(join(root, "docs/secret-scanning/gitleaks.toml"), "utf8");
    const [, source = ""] = /^regex = '''(.*)'''$/m.exec(rule) ?? [];
    return new RegExp(source, "g");
  };

  it("finds every token, in whatever text it stands", async () => {
    const rule = await pattern();
    const around = fc.constantFrom(" ", "\n", '"', "'", "=", ":", "/", ",", ";", "(", "<");
    fc.assert(
      fc.property(around, around, (before, after) => {
        const secret = mintSecret("wxt");
        expect(`TOKEN${before}${secret}${after}x`.match(rule)).to.deep.equal([secret]);
      }),
    );
  });

  it("takes nothing for one that is longer, shorter, or of another alphabet", async () => {
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

  it("finds no real token in what is committed: examples fail the checksum", async () => {
    const { stdout } = await promisify(execFile)("git", ["-C", root, "ls-files", "-z"], { maxBuffer: 10_000_000 });
    const real: string[] = [];
    for (const path of stdout.split("\0").filter(Boolean)) {
      const text = await readFile(join(root, path), "utf8").catch(() => "");
      for (const [found] of text.matchAll(/\b[a-z][a-z0-9]{1,7}_[0-9A-Za-z]{39}\b/g)) {
        if (isWellFormed(found, found.slice(0, found.indexOf("_")))) real.push(`${path}: ${found.slice(0, 12)}`);
      }
    }
    expect(real).to.deep.equal([]);
  });
});
