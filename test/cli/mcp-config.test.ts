import { expect } from "chai";
import { runCli } from "../support/process.ts";

/** Prints settings, without a database. */
const print = async (...args: readonly string[]): Promise<string> => {
  const environment = { DATA_DIR: "/dev/null/none", PUBLIC_URL: "https://gatehouse.example" };
  const { code, stdout, stderr } = await runCli(environment, "mcp", "config", ...args);
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
  return stdout;
};
const printJson = async (...args: readonly string[]) => JSON.parse(await print(...args));

describe("gatehouse mcp config", () => {
  it("prints settings of Cursor that read the token from the environment", async () => {
    expect(await printJson("--client", "cursor")).to.deep.equal({
      mcpServers: {
        gatehouse: {
          url: "https://gatehouse.example/mcp",
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the client
          headers: { Authorization: "Bearer ${env:GATEHOUSE_TOKEN}" },
        },
      },
    });
  });

  it("prints settings of VS Code that prompt for the token", async () => {
    const { inputs, servers } = await printJson("--client", "vscode");
    expect(inputs[0]).to.include({ id: "gatehouse", type: "promptString", password: true });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the client
    expect(servers.gatehouse.headers).to.deep.equal({ Authorization: "Bearer ${input:gatehouse}" });
    expect(servers.gatehouse.type).to.equal("http");
  });

  it("prints settings of mcp-remote without spaces in the arguments", async () => {
    for (const client of ["claude-desktop", "mcp-remote"]) {
      const header = "x-user-email: ada@example.com";
      const { command, args, env } = (await printJson("--client", client, "--header", header)).mcpServers.gatehouse;
      expect([command, ...args].some((word) => word.includes(" "))).to.equal(false);
      expect(env).to.deep.equal({ AUTHORIZATION_HEADER: "Bearer YOUR_TOKEN", X_USER_EMAIL_HEADER: "ada@example.com" });
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the client
      expect(args).to.include("x-user-email:${X_USER_EMAIL_HEADER}");
    }
  });

  it("prints commands of Claude Code and of the Inspector in which the shell replaces the token", async () => {
    const option = '--header "Authorization: Bearer $GATEHOUSE_TOKEN"';
    expect(await print("--client", "claude-code")).to.equal(
      `claude mcp add --transport http gatehouse https://gatehouse.example/mcp ${option}\n`,
    );
    expect(await print("--client", "inspector")).to.contain(
      `--cli https://gatehouse.example/mcp --transport http ${option}`,
    );
  });

  it("quotes headers for the shell, so that nothing in them runs", async () => {
    const output = await print("--client", "claude-code", "--header", "x-note: $(id) 'x' `id`");
    expect(output).to.contain(`--header 'x-note: $(id) '\\''x'\\'' \`id\`'`);
  });

  it("has no secret unless a header passes one, which replaces the placeholder", async () => {
    for (const client of ["cursor", "vscode", "claude-desktop", "claude-code", "inspector", "mcp-remote"]) {
      const output = await print("--client", client, "--header", "Authorization: Bearer abc");
      expect(output)
        .to.contain("Bearer abc")
        .and.not.match(/GATEHOUSE_TOKEN|YOUR_TOKEN|input:/);
    }
  });

  const urls: Readonly<Record<string, readonly string[]>> = {
    "https://a.example/mcp/toolkits/kit": ["--url", "https://a.example", "--toolkit", "kit"],
    "https://a.example/mcp/servers/files": ["--url", "https://a.example/mcp/", "--server", "files"],
    "https://a.example/base/mcp": ["--url", "https://a.example/base"],
  };
  for (const [url, args] of Object.entries(urls))
    it(`prints the URL ${url} for ${args.join(" ")}`, async () => {
      expect((await printJson("--client", "cursor", ...args)).mcpServers.gatehouse.url).to.equal(url);
    });

  const wrong: Readonly<Record<string, readonly [args: readonly string[], problem: string]>> = {
    "no client": [[], "--client is required"],
    "an unknown client": [["--client", "constructor"], "--client constructor is not one of cursor,"],
    "a toolkit and a server": [["--client", "cursor", "--toolkit", "a", "--server", "b"], "cannot be combined"],
    "a slug with a path": [["--client", "cursor", "--toolkit", "../x"], "--toolkit must be a slug"],
    "a URL with a password": [["--client", "cursor", "--url", "https://a:b@c.example"], "no credentials"],
    "another scheme": [["--client", "cursor", "--url", "file:///etc"], "http or https URL"],
    "a header with a line break": [["--client", "cursor", "--header", "a: secret\nb: c"], "--header must be"],
  };
  for (const [name, [args, problem]] of Object.entries(wrong))
    it(`rejects ${name}`, async () => {
      const { code, stdout, stderr } = await runCli({ DATA_DIR: "/dev/null/none" }, "mcp", "config", ...args);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr).to.contain(problem).and.not.contain("secret");
    });
});
