import { join } from "node:path";
import { expect } from "chai";
import { describeOnEngines } from "../store/engines.fixture.ts";
import { root } from "../support/root.ts";
import { type Agent, enterpriseUrn, groupUrn, type Service, startService, userUrn } from "../support/service.ts";
import { installClient, runProgram } from "./client-cache.fixture.ts";

const directory = join(root, "test/clients/python");
const requirements = join(directory, "requirements.txt");

interface CheckResult {
  readonly status: string;
  readonly title: string;
  readonly resourceType: string | null;
  readonly reason: string | null;
}

/** The schemas that the organization declares before the run, by URN, as `PUT /api/scim-extensions/{urn}` takes them. */
const extensions: Readonly<Record<string, object>> = {
  "urn:example:params:scim:schemas:extension:payroll:2.0:User": {
    resourceType: "User",
    name: "Payroll",
    attributes: [
      { name: "badge", type: "string", indexed: true },
      { name: "floor", type: "integer" },
      { name: "isContractor", type: "boolean" },
      { name: "skills", type: "string", multiValued: true },
      {
        name: "office",
        type: "complex",
        subAttributes: [
          { name: "city", type: "string" },
          { name: "desk", type: "integer" },
        ],
      },
    ],
  },
  "urn:example:params:scim:schemas:extension:team:2.0:Group": {
    resourceType: "Group",
    name: "Team",
    attributes: [
      { name: "costCenter", type: "string" },
      { name: "size", type: "integer" },
    ],
  },
};

/** Errors of the suite that are decisions of this service. docs/scim.md describes them. */
const accepted: readonly { readonly title: string; readonly reason: RegExp }[] = [
  // Every user is active or not; an identity provider that removes the attribute would leave a leaver active.
  { title: "check_remove_attribute", reason: /active cannot be removed/ },
  // RFC 7644 section 3.5.2.1: add appends to a multi-valued attribute. The suite expects the added value alone.
  { title: "check_add_attribute", reason: /^PATCH modify\(\) returned unexpected value for '[^']*:skills'/ },
];

/**
 * scim2-tester (https://pypi.org/project/scim2-tester) creates, reads, replaces, patches and deletes a resource of each
 * type that the server publishes, attribute by attribute, through scim2-client and the models of scim2-models.
 */
describeOnEngines("scim2-tester", (open) => {
  let packages: string;
  let service: Service;
  let secret: string;
  before(async function () {
    this.timeout(300_000);
    const installed = await installClient(
      "scim2-tester",
      requirements,
      (target) =>
        runProgram("python3", ["-m", "pip", "install", "--quiet", "--target", target, "--requirement", requirements]),
      { isRequiredInCi: true },
    );
    if (installed === undefined) return this.skip();
    packages = installed;
    service = await startService({ open });
    const admin = await service.clientWithScopes(["admin:write"]);
    for (const [urn, schema] of Object.entries(extensions)) {
      await admin
        .put(`/api/scim-extensions/${encodeURIComponent(urn)}`)
        .send(schema)
        .expect(201);
    }
    secret = (await service.issueToken({ scopes: ["admin:scim"] })).secret;
  });
  after(() => service?.dispose());

  const runSuite = async (): Promise<readonly CheckResult[]> => {
    const environment = {
      BASE_URL: `http://127.0.0.1:${service.port}/scim/v2`,
      TOKEN: secret,
      PYTHONPATH: packages,
      PYTHONDONTWRITEBYTECODE: "1",
    };
    return JSON.parse(await runProgram("python3", [join(directory, "conformance.py")], { environment }));
  };

  const expectNoErrors = (results: readonly CheckResult[]): void => {
    // Fewer results would mean that the suite stopped after discovery.
    expect(results.length).to.be.greaterThan(100);
    const errors = results.filter(
      ({ status }) => status === "ERROR" || status === "CRITICAL" || status === "DEVIATION",
    );
    const unexpected = errors.filter(
      ({ title, reason }) => !accepted.some((each) => each.title === title && each.reason.test(reason ?? "")),
    );
    expect(unexpected).to.deep.equal([]);
  };

  it("finds no errors in an empty server", async function () {
    this.timeout(300_000);
    expectNoErrors(await runSuite());
  });

  it("finds no errors in a server with users and groups", async function () {
    this.timeout(300_000);
    await fill(service.clientWithSecret(secret));
    expectNoErrors(await runSuite());
  });
});

/**
 * Creates users, active and inactive, and groups with members. All fit on one page, because the suite looks for what it
 * has created on the first page of a list only.
 */
async function fill(scim: Agent): Promise<void> {
  const ids: string[] = [];
  for (let at = 0; at < 60; at++) {
    const { text } = await scim
      .post("/scim/v2/Users")
      .send({
        schemas: [userUrn, enterpriseUrn],
        ...{ userName: `user-${at}@example.com`, active: at % 7 > 0, externalId: `ext-${at}` },
        name: { givenName: "User", familyName: String(at) },
        emails: [{ value: `user-${at}@example.com`, type: "work", primary: true }],
        [enterpriseUrn]: { department: at % 2 ? "Engineering" : "Sales", employeeNumber: String(at) },
      })
      .expect(201);
    ids.push(JSON.parse(text).id);
  }
  for (let at = 0; at < 5; at++) {
    const members = ids.filter((_, index) => index % (at + 2) === 0).map((value) => ({ value }));
    await scim
      .post("/scim/v2/Groups")
      .send({ schemas: [groupUrn], displayName: `Group ${at}`, members })
      .expect(201);
  }
}
