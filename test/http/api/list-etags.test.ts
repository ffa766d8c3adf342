import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

describeOnEngines("Entity tags of lists (RFC 9110 section 13.1.2)", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
    for (const slug of ["one", "two", "three"]) await put(slug, slug).expect(201);
    await admin.put("/api/users/ada").send({ active: true }).expect(201);
  });
  after(() => service.dispose());

  const put = (slug: string, name: string) =>
    admin.put(`/api/skills/${slug}`).send({ name, content: "c", assignment: { everyone: true } });
  const list = async (path: string, etag?: string, user?: string) => {
    const request = admin.get(path);
    if (etag !== undefined) request.set("If-None-Match", etag);
    if (user !== undefined) request.set("x-user-email", user);
    const { status, headers, text } = await request;
    return { status, etag: String(headers["etag"]), text };
  };

  it("are weak, and a poll with one is 304 without a body while nothing has changed", async () => {
    for (const path of ["/api/skills", "/api/skills?limit=2", "/api/users", "/api/audit-events?limit=1"]) {
      const { status, etag, text } = await list(path);
      expect(status).to.equal(200);
      expect(etag).to.match(/^W\/"[\w-]{22}"$/);
      expect(text).to.not.equal("");
      for (const sent of [etag, etag.slice(2), `"x", ${etag}`, "*"])
        expect(await list(path, sent), `${path} ${sent}`).to.deep.equal({ status: 304, etag, text: "" });
      expect((await list(path, '"other"')).status).to.equal(200);
    }
  });

  it("change with a resource of the page, with its order and with what follows", async () => {
    const first = await list("/api/skills?limit=3");
    await put("two", "second").expect(200);
    const second = await list("/api/skills?limit=3", first.etag);
    expect(second.status).to.equal(200);
    await put("four", "four").expect(201);
    expect((await list("/api/skills?limit=3", second.etag)).status).to.equal(200); // there is a next page now
  });

  it("belong to one view: a policy that hides a resource changes the tag of the user's list", async () => {
    const before = await list("/api/skills", undefined, "ada");
    expect((await list("/api/skills", before.etag, "ada")).status).to.equal(304);
    expect((await list("/api/skills", before.etag)).status).to.equal(200);
    await admin
      .put("/api/policies/hide")
      .send({ name: "Hide", effect: "deny", subjects: { everyone: true }, resources: { skills: ["one"] } })
      .expect(201);
    const after = await list("/api/skills", before.etag, "ada");
    expect(after.status).to.equal(200);
    expect(after.text).to.not.include('"one"');
  });
});
