import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, enterpriseUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";

const work = { value: "ada@work.example", type: "work" };
const home = { value: "ada@home.example", type: "home" };
const engines = { [enterpriseUrn]: { department: "Engines" } };

/** What a client sends, and what is stored. `start` are the attributes of the user before. */
interface Case {
  readonly start?: object;
  readonly post?: object;
  readonly put?: object;
  readonly patch?: readonly object[] | object;
  /** The attributes after the request; undefined: absent. A number: the status of the rejection, which changes nothing. */
  readonly result: Readonly<Record<string, unknown>> | 400;
}

const patchOf = (...Operations: object[]) => ({ schemas: [patchUrn], Operations });

const rows: Record<string, Record<string, Case>> = {
  "one value in place of a list (OneLogin)": {
    "an object in POST": { post: { emails: work }, result: { emails: [work] } },
    "a string in POST": { post: { roles: "admin" }, result: { roles: [{ value: "admin" }] } },
    "an object in PUT": { put: { phoneNumbers: { value: "1" } }, result: { phoneNumbers: [{ value: "1" }] } },
    "a string for a list of objects without value": { post: { addresses: "Paris" }, result: 400 },
  },
  "a list of one in place of a value (SCIM-SDK, Ping, Entra ID)": {
    displayName: { patch: { op: "replace", path: "displayName", value: ["x"] }, result: { displayName: "x" } },
    "active as a string": { patch: { op: "replace", path: "active", value: ["False"] }, result: { active: false } },
    "active as an element": {
      patch: { op: "replace", path: "active", value: [{ value: "False" }] },
      result: { active: false },
    },
    manager: {
      patch: { op: "add", path: `${enterpriseUrn}:manager`, value: [{ value: "usr_2" }] },
      result: { [enterpriseUrn]: { manager: { value: "usr_2" } } },
    },
    "a value without a path": { patch: { op: "replace", value: [{ title: "Dr" }] }, result: { title: "Dr" } },
    "an element that a filter selects": {
      start: { emails: [work, home] },
      patch: { op: "replace", path: 'emails[type eq "work"]', value: [{ value: "new@work.example" }] },
      result: { emails: [{ value: "new@work.example", type: "work" }, home] },
    },
    "two values": { patch: { op: "replace", path: "displayName", value: ["x", "y"] }, result: 400 },
    "two elements for one": {
      start: { emails: [work] },
      patch: { op: "replace", path: 'emails[type eq "work"]', value: [home, home] },
      result: 400,
    },
    "two values without a path": { patch: { op: "replace", value: [{ title: "x" }, { title: "y" }] }, result: 400 },
  },
  "enterprise attributes without URN (Entra ID, Microsoft's samples)": {
    "a path": { patch: { op: "add", path: "department", value: "Engines" }, result: engines },
    "a path below one": {
      patch: { op: "add", path: "manager.value", value: "usr_2" },
      result: { [enterpriseUrn]: { manager: { value: "usr_2" } } },
    },
    "a key without a path": { patch: { op: "replace", value: { department: "Engines" } }, result: engines },
    "a key in POST": { post: { department: "Engines" }, result: engines },
    "both spellings": { post: { department: "a", [`${enterpriseUrn}:department`]: "b" }, result: 400 },
  },
  "other URNs of the enterprise extension (OneLogin, WSO2, ConnId)": {
    "1.0 as a key": {
      post: { "urn:scim:schemas:extension:enterprise:1.0": { department: "Engines" } },
      result: engines,
    },
    "2.0 without a type as a key": {
      put: { "urn:ietf:params:scim:schemas:extension:enterprise:2.0": { department: "Engines" } },
      result: engines,
    },
    "a dot after the URN": {
      patch: { op: "add", path: `${enterpriseUrn}.department`, value: "Engines" },
      result: engines,
    },
    "1.0 in a path": {
      patch: { op: "add", path: "urn:scim:schemas:extension:enterprise:1.0:department", value: "Engines" },
      result: engines,
    },
    managerId: {
      post: { [enterpriseUrn]: { manager: { managerId: "usr_2" } } },
      result: { [enterpriseUrn]: { manager: { value: "usr_2" } } },
    },
    "managerId in a path": {
      patch: { op: "replace", path: `${enterpriseUrn}:manager.managerId`, value: "usr_2" },
      result: { [enterpriseUrn]: { manager: { value: "usr_2" } } },
    },
  },
  "the core URN as a key, schemas inside an extension (scimitar, scim2-models)": {
    POST: { post: { [userUrn]: { title: "Dr", emails: [work] } }, result: { title: "Dr", emails: [work] } },
    "PATCH without a path": {
      patch: { op: "replace", value: { [userUrn]: { active: false } } },
      result: { active: false },
    },
    "schemas inside an extension": {
      post: { [enterpriseUrn]: { schemas: [enterpriseUrn], department: "Engines" } },
      result: engines,
    },
    "an attribute inside and outside": { post: { title: "a", [userUrn]: { title: "b" } }, result: 400 },
  },
  "a value in remove (Databricks, SAP, Ping)": {
    "beside a filter": {
      start: { emails: [work, home] },
      patch: { op: "remove", path: 'emails[type eq "work"]', value: [home] },
      result: { emails: [home] },
    },
    "beside a single attribute": {
      start: { title: "x" },
      patch: { op: "remove", path: "title", value: "y" },
      result: { title: undefined },
    },
    "null beside a filter": {
      start: { emails: [work, home] },
      patch: { op: "remove", path: 'emails[type eq "home"]', value: null },
      result: { emails: [work] },
    },
    "null for a whole list, which could mean nothing or all": {
      start: { emails: [work] },
      patch: { op: "remove", path: "emails", value: null },
      result: 400,
    },
    "the attribute repeated in the value": {
      start: { emails: [work, home] },
      patch: { op: "remove", path: "emails", value: { emails: [work] } },
      result: { emails: [home] },
    },
  },
  "keys of a message in any case, schemas missing (Microsoft's guideline, Huawei, Databricks)": {
    "operations, Op, Path, Value": {
      patch: { schemas: [patchUrn], operations: [{ Op: "Replace", Path: "title", Value: "x" }] },
      result: { title: "x" },
    },
    "OPERATIONS without schemas": {
      patch: { OPERATIONS: [{ OP: "add", VALUE: { title: "x" } }] },
      result: { title: "x" },
    },
    "schemas that are null": {
      patch: { schemas: null, Operations: [{ op: "add", path: "title", value: "x" }] },
      result: { title: "x" },
    },
    "schemas that are empty": {
      patch: { schemas: [], Operations: [{ op: "add", path: "title", value: "x" }] },
      result: { title: "x" },
    },
    "the schema of another message": { patch: { schemas: [userUrn], Operations: [] }, result: 400 },
    "a value that contradicts itself": {
      patch: { schemas: [patchUrn], Operations: [{ op: "replace", path: "active", value: true, Value: false }] },
      result: 400,
    },
  },
  "elements without content (Okta)": {
    "null and a type in PUT": { put: { emails: [{ value: null, type: "work" }, home] }, result: { emails: [home] } },
    "an empty object in POST": { post: { emails: [{}] }, result: { emails: undefined } },
    "only type, primary and display": {
      post: { roles: [{ type: "x", primary: true, display: "X" }, { value: "admin" }] },
      result: { roles: [{ value: "admin" }] },
    },
    "an empty string as the address": { put: { emails: [{ value: "", type: "work" }] }, result: { emails: undefined } },
  },
  "JSON in a string (SCIM-SDK)": {
    "an e-mail address in POST": { post: { emails: [JSON.stringify(work)] }, result: 400 },
    "a role in PATCH": { patch: { op: "add", path: "roles", value: ['{"value":"admin"}'] }, result: 400 },
    "the value of an element": { put: { roles: [{ value: '["admin"]' }] }, result: 400 },
    "a string that is no JSON": { post: { roles: ["{admin}"] }, result: { roles: [{ value: "{admin}" }] } },
  },
  "duplicates of type and value: one rule for POST, PUT and PATCH": {
    POST: { post: { emails: [work, { ...work, primary: true }] }, result: { emails: [{ ...work, primary: true }] } },
    PUT: {
      put: { emails: [work, home, { ...work, value: "ADA@work.example" }] },
      result: { emails: [{ ...work, value: "ADA@work.example" }, home] },
    },
    PATCH: {
      start: { emails: [work] },
      patch: { op: "add", path: "emails", value: [work, home] },
      result: { emails: [work, home] },
    },
    "the same value with another type": {
      post: { emails: [work, { ...work, type: "home" }] },
      result: { emails: [work, { ...work, type: "home" }] },
    },
  },
  "read-only attributes in a whole resource (Apache Syncope, midPoint)": {
    "id, meta and groups that differ, without a path": {
      patch: { op: "replace", value: { id: "usr_9", meta: { version: "x" }, groups: [{ value: "g" }], title: "Dr" } },
      result: { title: "Dr" },
    },
    "manager.displayName without a path": {
      start: { [enterpriseUrn]: { manager: { value: "usr_2" } } },
      patch: { op: "replace", value: { [enterpriseUrn]: { manager: { value: "usr_3", displayName: "B" } } } },
      result: { [enterpriseUrn]: { manager: { value: "usr_3" } } },
    },
    "PUT of what GET returned by another server": {
      put: { id: "x", meta: { created: "2011-05-13T04:42:34Z", location: "https://x" }, title: "Dr" },
      result: { title: "Dr" },
    },
    "a path to a read-only attribute": { patch: { op: "replace", path: "groups", value: [] }, result: 400 },
  },
  "an attribute in two spellings that contradict each other": {
    "active and Active in PUT": { put: { active: true, Active: false }, result: 400 },
    "active and Active in PATCH": { patch: { op: "replace", value: { active: true, Active: false } }, result: 400 },
    "active and its URN in PATCH": {
      patch: { op: "replace", value: { active: true, [`${userUrn}:active`]: false } },
      result: 400,
    },
    "equal values, by the same rule": { post: { title: "x", TITLE: "x" }, result: 400 },
  },
};

describeOnEngines("/scim/v2/Users reads what clients send:", (open) => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  const newUser = (more: object = {}) => ({ schemas: [userUrn], userName: `lenient${++number}`, ...more });
  const read = async (id: string) => (await scim.get(`/scim/v2/Users/${id}`).expect(200)).body;

  for (const [row, cases] of Object.entries(rows)) {
    describe(row, () => {
      for (const [description, { start, post, put, patch, result }] of Object.entries(cases)) {
        it(`${description} ${result === 400 ? "is 400, and changes nothing" : "is accepted"}`, async () => {
          if (post) {
            const body = newUser(post);
            const response = await scim.post("/scim/v2/Users").send(body);
            expect(response.status, response.text).to.equal(result === 400 ? 400 : 201);
            if (result === 400) {
              const query = { filter: `userName eq "${body.userName}"` };
              expect((await scim.get("/scim/v2/Users").query(query)).body.totalResults).to.equal(0);
            } else assertAttributes(await read(response.body.id), result);
            return;
          }
          const user = (await scim.post("/scim/v2/Users").send(newUser(start)).expect(201)).body;
          const message = patch && "op" in patch ? patchOf(patch) : patch;
          const path = `/scim/v2/Users/${user.id}`;
          const response = await (put
            ? scim.put(path).send({ schemas: [userUrn], userName: user.userName, ...put })
            : scim.patch(path).send(message));
          expect(response.status, response.text).to.equal(result === 400 ? 400 : 200);
          if (result === 400) expect(await read(user.id)).to.deep.equal(user);
          else assertAttributes(await read(user.id), result);
        });
      }
    });
  }
});

function assertAttributes(user: Record<string, unknown>, expected: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(expected)) expect(user[name], name).to.deep.equal(value);
}
