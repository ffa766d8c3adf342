import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { root } from "../support/root.ts";

/** Runs the script on one file. */
async function checkWords(text: string): Promise<{ readonly code: number; readonly stdout: string }> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-words-"));
  try {
    const file = join(directory, "page.md");
    await writeFile(file, text);
    const run = promisify(execFile)(process.execPath, [join(root, "scripts/check-words.mjs"), file], { cwd: root });
    return await run.then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => error,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

describe("scripts/check-words.mjs", () => {
  it("accepts the field's terms", async () => {
    expect(await checkWords("The service rejects an unknown field.\n")).to.deep.include({ code: 0 });
  });

  it("reports a replaced word with its file, its line and the term to use", async () => {
    const { code, stdout } = await checkWords("First line\nThe request is refused.\n");
    expect(code).to.equal(1);
    expect(stdout).to.match(/page\.md:2: "refused": use reject, rejected or error\n/);
  });

  it("reads the words of an identifier one by one", async () => {
    expect((await checkWords("const askedKey = 1; const door_count = 2;\n")).stdout)
      .to.contain('"asked"')
      .and.to.contain('"door"');
  });
});
