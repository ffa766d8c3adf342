import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import {
  type Agent,
  enterpriseUrn,
  groupUrn,
  patchUrn,
  type Service,
  startService,
  userUrn,
} from "../../support/service.ts";

describeOnEngines("RFC 7644 3.9: attributes and excludedAttributes", (open) => {
  let service: Service;
  let scim: Agent;
  let userId: string;
  let groupId: string;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
    const user = await scim
      .post("/scim/v2/Users")
      .send({
        schemas: [userUrn, enterpriseUrn],
        userName: "bjensen",
        externalId: "E1",
        title: "Vice President",
        name: { givenName: "Barbara", familyName: "Jensen" },
        emails: [
          { value: "b@example.com", type: "work", primary: true },
          { value: "babs@example.com", type: "home" },
        ],
        [enterpriseUrn]: { department: "Tours", manager: { value: "usr_boss" } },
      })
      .expect(201);
    userId = user.body.id;
    const group = await scim
      .post("/scim/v2/Groups")
      .send({ schemas: [groupUrn], displayName: "Guides", members: [{ value: userId }] })
      .expect(201);
    groupId = group.body.id;
  });
  after(() => service.dispose());

  const user = async (query: Record<string, string>) =>
    (await scim.get(`/scim/v2/Users/${userId}`).query(query).expect(200)).body;

  const projections: [string, Record<string, unknown>][] = [
    ["userName", { userName: "bjensen" }],
    ["USERNAME , title", { userName: "bjensen", title: "Vice President" }],
    [`${userUrn}:userName`, { userName: "bjensen" }],
    ["name.familyName", { name: { familyName: "Jensen" } }],
    ["NAME.FAMILYNAME,name.givenName", { name: { givenName: "Barbara", familyName: "Jensen" } }],
    ["name,name.givenName", { name: { givenName: "Barbara", familyName: "Jensen" } }],
    ["emails.type", { emails: [{ type: "work" }, { type: "home" }] }],
    ["emails.primary", { emails: [{ primary: true }] }],
    ["nickName", {}],
    ["id", {}],
    ["meta.resourceType", { meta: { resourceType: "User" } }],
  ];
  for (const [attributes, expected] of projections) {
    it(`returns only schemas, id and the requested attributes for ${attributes}`, async () => {
      expect(await user({ attributes })).to.deep.equal({ schemas: [userUrn], id: userId, ...expected });
    });
  }

  it("includes an extension, its attributes and their sub-attributes, by case-insensitive URN", async () => {
    const schemas = [userUrn, enterpriseUrn];
    const enterprise = { department: "Tours", manager: { value: "usr_boss" } };
    expect(await user({ attributes: enterpriseUrn })).to.deep.equal({
      schemas,
      id: userId,
      [enterpriseUrn]: enterprise,
    });
    expect(await user({ attributes: `${enterpriseUrn.toUpperCase()}:DEPARTMENT` })).to.deep.equal({
      schemas,
      id: userId,
      [enterpriseUrn]: { department: "Tours" },
    });
    expect(await user({ attributes: `${enterpriseUrn}:manager.value,userName` })).to.deep.equal({
      schemas,
      id: userId,
      userName: "bjensen",
      [enterpriseUrn]: { manager: { value: "usr_boss" } },
    });
  });

  it("omits excluded attributes and sub-attributes, but never schemas and id", async () => {
    const whole = await user({});
    const { title: _, ...withoutTitle } = whole;
    expect(await user({ excludedAttributes: "title" })).to.deep.equal(withoutTitle);
    expect(await user({ excludedAttributes: `${userUrn}:TITLE,id,schemas` })).to.deep.equal(withoutTitle);
    expect(await user({ excludedAttributes: "name.givenName" })).to.deep.equal({
      ...whole,
      name: { familyName: "Jensen" },
    });
    expect(await user({ excludedAttributes: "emails.value,emails.type" })).to.deep.equal({
      ...whole,
      emails: [{ primary: true }],
    });
    const { [enterpriseUrn]: _e, ...core } = whole;
    expect(await user({ excludedAttributes: enterpriseUrn })).to.deep.equal({ ...core, schemas: [userUrn] });
    expect(await user({ excludedAttributes: `${enterpriseUrn}:department` })).to.deep.equal({
      ...whole,
      [enterpriseUrn]: { manager: { value: "usr_boss" } },
    });
    const { meta: _m, ...withoutMeta } = whole;
    expect(await user({ excludedAttributes: "meta" })).to.deep.equal(withoutMeta);
  });

  it("applies to lists, creates and updates", async () => {
    const { body } = await scim.get("/scim/v2/Users").query({ attributes: "userName" }).expect(200);
    expect(body.Resources).to.deep.equal([{ schemas: [userUrn], id: userId, userName: "bjensen" }]);
    const created = await scim
      .post("/scim/v2/Users?attributes=userName")
      .send({ schemas: [userUrn], userName: "created", title: "x" })
      .expect(201);
    expect(Object.keys(created.body)).to.have.members(["schemas", "id", "userName"]);
  });

  it("never changes what is stored", async () => {
    const before = await user({});
    const renamed = await scim
      .patch(`/scim/v2/Users/${userId}?attributes=userName`)
      .send({ schemas: [patchUrn], Operations: [{ op: "replace", path: "nickName", value: "Babs" }] })
      .expect(200);
    expect(renamed.body).to.deep.equal({ schemas: [userUrn], id: userId, userName: "bjensen" });
    const after = await user({});
    expect({ ...after, meta: null }).to.deep.equal({ ...before, nickName: "Babs", meta: null });
    await scim
      .patch(`/scim/v2/Groups/${groupId}?excludedAttributes=members`)
      .send({ schemas: [patchUrn], Operations: [{ op: "replace", path: "displayName", value: "Scouts" }] })
      .expect(204);
    const group = (await scim.get(`/scim/v2/Groups/${groupId}`).expect(200)).body;
    expect(group).to.deep.include({ displayName: "Scouts" });
    expect(group.members).to.have.length(1);
  });

  it("applies to the members of a group", async () => {
    const get = async (query: object) => (await scim.get(`/scim/v2/Groups/${groupId}`).query(query).expect(200)).body;
    expect(await get({ excludedAttributes: "MEMBERS" })).to.not.have.property("members");
    expect(await get({ attributes: "displayName" })).to.have.all.keys("schemas", "id", "displayName");
    expect((await get({ attributes: "members.value" })).members).to.deep.equal([{ value: userId }]);
    expect((await get({ excludedAttributes: "members.$ref" })).members).to.deep.equal([
      { value: userId, type: "User" },
    ]);
  });

  it("ignores attributes that no schema defines: clients also ask for those of other services", async () => {
    const get = async (query: object) => (await scim.get(`/scim/v2/Users/${userId}`).query(query).expect(200)).body;
    const all = await get({});
    expect(await get({ excludedAttributes: "nope,name.nope" })).to.deep.equal(all);
    expect(await get({ attributes: "nope,userName" })).to.have.all.keys("schemas", "id", "userName");
    expect(await get({ attributes: "nope" })).to.have.all.keys("schemas", "id");
  });

  it("returns all attributes for *", async () => {
    const get = async (query: object) => (await scim.get(`/scim/v2/Users/${userId}`).query(query).expect(200)).body;
    const all = await get({});
    for (const attributes of ["*", "userName,*"]) expect(await get({ attributes })).to.deep.equal(all);
    expect(await get({ excludedAttributes: "*" })).to.have.all.keys("schemas", "id");
  });

  for (const query of ["attributes=userName&excludedAttributes=title"]) {
    it(`rejects ${query} and changes nothing`, async () => {
      const rejection = await scim.get(`/scim/v2/Users/${userId}?${query}`).expect(400);
      expect(rejection.body.scimType).to.equal("invalidValue");
      await scim
        .post(`/scim/v2/Users?${query}`)
        .send({ schemas: [userUrn], userName: "not-created" })
        .expect(400);
      const { body } = await scim.get("/scim/v2/Users").query({ filter: 'userName eq "not-created"' });
      expect(body.totalResults).to.equal(0);
    });
  }
});
