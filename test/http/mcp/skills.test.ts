import { createHash } from "node:crypto";
import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";

describeOnEngines("Skills of /mcp (SEP-2640)", (open) => {
  let gateway: Gateway;
  let ada: string;
  let secret: string;
  let otherSecret: string;
  before(async () => {
    gateway = await startGateway({ open });
    ada = await gateway.createUser("ada@example.com");
    secret = await gateway.createToken(ada);
    otherSecret = await gateway.createToken(await gateway.createUser("bob@example.com"));
    await putSkill("review", { files: [{ path: "references/guide.md", content: "grün" }] }, [ada]);
    await putSkill("shared", { description: "Shared" }, [], true);
    await putSkill("broken--slug", {}, [], true);
    await gateway.service
      .clientWithSecret(otherSecret)
      .put("/api/skills/shared")
      .send({ name: "Own", description: "Bob's own", content: "Own" })
      .expect(201);
    await gateway.admin
      .put("/api/toolkits/kit")
      .send({
        ...{ name: "Kit", entries: [], skills: ["shared"], commands: [] },
        assignment: { everyone: true, groups: [], users: [] },
      })
      .expect(201);
  });
  after(() => gateway.dispose());

  const putSkill = (slug: string, fields: object, users: readonly string[], everyone = false) =>
    gateway.admin
      .put(`/api/skills/${slug}`)
      .send({
        ...{ name: slug, description: "Reviews changes.", content: "# Review", ...fields },
        assignment: { everyone, groups: [], users },
      })
      .expect(201);
  const send = async (method: string, params: object = {}, token = secret, path = "") =>
    (await gateway.post(token, rpc(method, params), { path })).body;
  const urisOf = async (token = secret, path = ""): Promise<readonly string[]> =>
    (await send("skills/list", {}, token, path)).result.skills.map(({ uri }: { uri: string }) => uri);

  it("are declared as an extension", async () => {
    const { result } = await send("initialize", {
      ...{ protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
    });
    expect(result.capabilities.extensions).to.deep.equal({ "io.modelcontextprotocol/skills": {} });
  });

  it("are those that the user may use and that clients accept, at each endpoint", async () => {
    expect(await urisOf()).to.deep.equal(["skill://review/SKILL.md", "skill://shared/SKILL.md"]);
    expect(await urisOf(otherSecret)).to.deep.equal(["skill://shared/SKILL.md"]);
    expect(await urisOf(secret, "/toolkits/kit")).to.deep.equal(["skill://shared/SKILL.md"]);
    await gateway.putServer("files", [{ name: "echo" }]);
    expect(await urisOf(secret, "/servers/files")).to.deep.equal([]);
  });

  it("are read file by file, each with the digest of its entry", async () => {
    const { result } = await send("skills/get", { uri: "skill://review/SKILL.md" });
    expect(result.skill.resources).to.have.length(2);
    for (const { uri, digest, size } of result.skill.resources) {
      const { contents } = (await send("resources/read", { uri })).result;
      const text = Buffer.from(contents[0].text);
      expect([text.length, `sha256:${createHash("sha256").update(text).digest("hex")}`]).to.deep.equal([size, digest]);
      expect(contents[0]).to.include({ uri, mimeType: "text/markdown" });
    }
  });

  it("of the user take precedence over those of the organization with the same slug", async () => {
    const uri = "skill://shared/SKILL.md";
    expect((await send("skills/get", { uri })).result.skill.frontmatter.description).to.equal("Shared");
    expect((await send("skills/get", { uri }, otherSecret)).result.skill.frontmatter.description).to.equal("Bob's own");
    const { skills } = (await send("skills/list", {}, otherSecret)).result;
    expect(skills.map((each: { frontmatter: { description: string } }) => each.frontmatter.description)).to.deep.equal([
      "Bob's own",
    ]);
  });

  it("of other users, left out or not existing respond alike", async () => {
    const errorOf = async (method: string, slug: string, token: string, file = "SKILL.md") => {
      const { error } = await send(method, { uri: `skill://${slug}/${file}` }, token);
      return [error.code, error.message.replaceAll(slug, "SLUG")];
    };
    for (const method of ["skills/get", "resources/read"]) {
      const unknown = await errorOf(method, "unknown", otherSecret);
      expect(unknown[0]).to.equal(-32602);
      expect(await errorOf(method, "review", otherSecret)).to.deep.equal(unknown);
      expect(await errorOf(method, "broken--slug", secret)).to.deep.equal(unknown);
    }
    for (const file of ["../shared/SKILL.md", "references/%2e%2e/guide.md", "constructor", "references"])
      expect((await errorOf("resources/read", "review", secret, file))[0]).to.equal(-32602);
  });

  it("are gone with the next request after the assignment", async () => {
    await putSkill("brief", {}, [ada]);
    expect(await urisOf()).to.include("skill://brief/SKILL.md");
    const assignment = { everyone: false, groups: [], users: [] };
    await gateway.admin.patch("/api/skills/brief").send({ assignment }).expect(200);
    expect(await urisOf()).to.not.include("skill://brief/SKILL.md");
    expect((await send("resources/read", { uri: "skill://brief/SKILL.md" })).error.code).to.equal(-32602);
  });

  it("are listed in pages of a bounded size", async () => {
    for (let index = 0; index < 3; index++) {
      const files = Array.from({ length: 9 }, (_, at) => ({ path: `f${at}`, content: "x".repeat(100_000) }));
      await putSkill(`large-${index}`, { files }, [ada]);
    }
    const found: string[] = [];
    let pageCount = 0;
    for (let cursor: string | undefined; pageCount === 0 || cursor !== undefined; pageCount++) {
      const { result } = await send("skills/list", { ...(cursor !== undefined && { cursor }) });
      found.push(...result.skills.map(({ uri }: { uri: string }) => uri));
      cursor = result.nextCursor;
    }
    expect(pageCount).to.be.greaterThan(1);
    expect(found.filter((uri) => uri.includes("large-"))).to.have.length(3);
    expect(new Set(found).size).to.equal(found.length);
    expect((await send("skills/list", { cursor: "x" })).error.code).to.equal(-32602);
  });

  it("that are left out are named to admins, with the reason", async () => {
    const { body } = await gateway.admin.get("/api/served-skills").expect(200);
    const bySlug = new Map(body.data.map((each: { slug: string }) => [each.slug, each]));
    expect(bySlug.get("review")).to.include({ uri: "skill://review/SKILL.md" });
    expect(bySlug.get("broken--slug"))
      .to.have.property("problem")
      .that.matches(/^slug has two hyphens/);
    const reader = await gateway.service.clientWithScopes(["connect:read"]);
    await reader.get("/api/served-skills").expect(403);
  });
});
