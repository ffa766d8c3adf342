import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { TestBrowser } from "./browser.fixture.ts";

describeOnEngines("Changes of users and groups in /console", (open) => {
  let service: Service;
  let admin: Agent;
  let writer: TestBrowser;
  let reader: TestBrowser;
  let ada: string;
  let team: string;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
    const emails = [{ value: "ada@work.example", primary: true }];
    ada = (await admin.post("/api/users").send({ userName: "ada", emails }).expect(201)).body.id;
    team = (await admin.post("/api/groups").send({ displayName: "Team" }).expect(201)).body.id;
    [writer, reader] = [new TestBrowser(service), new TestBrowser(service)];
    await writer.signIn((await service.issueToken({ name: "Writer", scopes: ["admin:write"] })).secret);
    await reader.signIn((await service.issueToken({ scopes: ["admin:read"] })).secret);
  });
  after(() => service.dispose());

  const members = async (id = team): Promise<readonly string[]> =>
    (await admin.get(`/api/groups/${id}/members`).expect(200)).body.data.map((each: { id: string }) => each.id);
  const add = async (fields: object, group = team, by = writer) =>
    by.post(`/console/groups/${group}/members`, {
      ...{ csrf: (await by.get("/console")).hidden("csrf"), type: "user" },
      ...fields,
    });
  const remove = async (memberId: string, group = team, by = writer) =>
    by.post(`/console/groups/${group}/members/${memberId}/remove`, { csrf: (await by.get("/console")).hidden("csrf") });
  const setActive = async (id: string, action: string, by = writer) =>
    by.post(`/console/users/${id}/${action}`, { csrf: (await by.get("/console")).hidden("csrf") });

  it("add a user by name, address or id and a group by name or id, and remove them, with an audit event", async () => {
    for (const member of ["ADA", "ada@work.example", ada]) {
      expect(await add({ member: ` ${member} ` })).to.include({ status: 303, location: `/console/groups/${team}` });
      expect(await members(), member).to.deep.equal([ada]);
      expect((await remove(ada)).status).to.equal(303);
      expect(await members()).to.deep.equal([]);
    }
    const { body: nested } = await admin.post("/api/groups").send({ displayName: "ada" }).expect(201);
    await add({ type: "group", member: "Ada" });
    expect(await members()).to.deep.equal([nested.id]);
    expect((await writer.get(`/console/groups/${team}`)).html).to.contain('aria-label="Remove ada"');
    await remove(nested.id);
    await remove(nested.id);
    const { body } = await admin.get("/api/audit-events").query({ targetId: team, action: "group.members.change" });
    expect(body.data[0].actor).to.deep.include({ type: "token", name: "Writer" });
    expect(body.data).to.have.length(8);
  });

  it("show at the field what cannot be added, and keep what was entered", async () => {
    for (const [fields, text] of [
      [{ member: "nobody" }, "No user has this user name"],
      [{ member: "" }, "No user has this user name"],
      [{ type: "group", member: "nothing" }, "No group has this name or id."],
      [{ type: "group", member: "Team" }, "a group cannot be its own member"],
      [{ type: "x", member: '"><script>alert(1)</script>' }, "No user has this user name"],
    ] as const) {
      const { status, html } = await add(fields);
      expect(status, text).to.equal(400);
      expect(/id="member-error">([^<]*)</.exec(html)?.[1]).to.contain(text);
      expect(html).to.not.contain("<script>");
    }
    expect(await members()).to.deep.equal([]);
  });

  it("reject a user, a group and a member of another organization, with the message for one that does not exist", async () => {
    const other = await service.clientWithScopes(["all"], await service.createOrganization("other"));
    const { body: theirs } = await other.post("/api/users").send({ userName: "theirs" }).expect(201);
    const { body: group } = await other.post("/api/groups").send({ displayName: "Theirs" }).expect(201);
    for (const fields of [{ member: theirs.id }, { member: "theirs" }, { type: "group", member: group.id }])
      expect((await add(fields)).status).to.equal(400);
    expect((await add({ member: ada }, group.id)).status).to.equal(404);
    expect((await remove(theirs.id, group.id)).status).to.equal(404);
    for (const action of ["activate", "deactivate"]) expect((await setActive(theirs.id, action)).status).to.equal(404);
    for (const id of ["usr_x", "..%2F..", "x"]) expect((await remove(id)).status, id).to.equal(404);
  });

  it("deactivate a user after a confirmation, which revokes the personal tokens, and activate the user again", async () => {
    const { body: user } = await admin.post("/api/users").send({ userName: "leaver", title: "Engineer" }).expect(201);
    const { id: token } = await service.issueToken({ type: "mcp", scopes: ["connect:read"], userId: user.id });
    expect((await writer.get(`/console/users/${user.id}/deactivate`)).html)
      .to.contain("revoked permanently")
      .and.contain("the user must connect again");
    expect(await setActive(user.id, "deactivate")).to.include({ status: 303, location: `/console/users/${user.id}` });
    expect((await admin.get(`/api/users/${user.id}`)).body).to.include({ active: false, title: "Engineer" });
    expect((await admin.get(`/api/tokens/${token}`)).body.status).to.equal("revoked");
    expect((await writer.get(`/console/users/${user.id}`)).html)
      .to.contain(">Activate<")
      .and.not.contain("/deactivate");
    await setActive(user.id, "activate");
    expect((await admin.get(`/api/users/${user.id}`)).body.active).to.equal(true);
    expect((await admin.get(`/api/tokens/${token}`)).body.status).to.equal("revoked");
  });

  it("reject the change of what the identity provider manages, with the message of the API", async () => {
    const scim = await service.clientWithScopes(["admin:scim"]);
    const { body: user } = await scim
      .post("/scim/v2/Users")
      .send({ schemas: [userUrn], userName: "managed" })
      .expect(201);
    const group = { schemas: [groupUrn], displayName: "Managed", members: [{ value: user.id }] };
    const { body: managed } = await scim.post("/scim/v2/Groups").send(group).expect(201);
    const page = (await writer.get(`/console/groups/${managed.id}`)).html;
    expect(page).to.contain("Identity provider").and.not.contain("Remove").and.not.contain("Member to add");
    expect((await writer.get(`/console/users/${user.id}`)).html).to.not.contain("Deactivate");
    const { body: rejected } = await admin.patch(`/api/users/${user.id}`).send({ active: false }).expect(409);
    for (const response of [
      await setActive(user.id, "deactivate"),
      await remove(user.id, managed.id),
      await add({ member: ada }, managed.id),
    ]) {
      expect(response.status).to.equal(409);
      expect(response.html).to.contain("is managed by the identity provider");
    }
    expect((await setActive(user.id, "deactivate")).html).to.contain(rejected.detail);
    expect(await members(managed.id)).to.deep.equal([user.id]);
  });

  it("need admin:write, a form of the session and the same origin", async () => {
    expect((await reader.get(`/console/groups/${team}`)).html).to.not.contain("Member to add");
    expect((await reader.get(`/console/users/${ada}`)).html).to.not.contain("Deactivate");
    expect((await reader.get(`/console/users/${ada}/deactivate`)).status).to.equal(403);
    for (const response of [
      await add({ member: ada }, team, reader),
      await remove(ada, team, reader),
      await setActive(ada, "deactivate", reader),
    ])
      expect(response.status).to.equal(403);
    const csrf = (await writer.get("/console")).hidden("csrf");
    for (const [fields, headers] of [
      [{ member: ada, csrf: "x" }, { "Sec-Fetch-Site": "same-origin" }],
      [{ member: ada, csrf }, { "Sec-Fetch-Site": "same-site" }],
    ] as const) {
      expect((await writer.post(`/console/groups/${team}/members`, fields, headers)).status).to.equal(403);
      expect((await writer.post(`/console/users/${ada}/deactivate`, fields, headers)).status).to.equal(403);
    }
    expect(await members()).to.deep.equal([]);
    expect((await admin.get(`/api/users/${ada}`)).body.active).to.equal(true);
  });
});
