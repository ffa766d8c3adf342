import { expect } from "chai";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../support/identity-provider.ts";
import { expectRejection } from "../../domain.fixture.ts";
import { type ExchangeTestContext, openExchangeContext } from "./exchange.fixture.ts";

describeOnEngines("findUserByClaims", (open) => {
  let provider: IdentityProvider;
  let domain: ExchangeTestContext;
  before(async () => {
    provider = await startIdentityProvider();
  });
  after(() => provider.close());
  beforeEach(async () => {
    domain = await openExchangeContext(open, provider);
  });
  afterEach(() => domain.dispose());

  const matching: Readonly<Record<string, object>> = {
    "a case-insensitive email that is the userName": { email: "ADA@Example.com" },
    "a verified email": { email_verified: true },
    'a verified email, with "true" as a string': { email_verified: "true" },
    "a subject without an email": { email: undefined, sub: "idp|ada" },
  };
  for (const [description, claims] of Object.entries(matching)) {
    it(`finds the user by ${description}`, async () =>
      expect((await domain.exchange(claims)).user.id).to.equal(domain.ada));
  }

  it("finds the user by the primary e-mail address", async () => {
    const emails = [{ value: "grace@example.com", primary: true }];
    const grace = await domain.createUser(domain.organizationId, { userName: "ghopper", emails });
    expect((await domain.exchange({ email: "grace@example.com" })).user.id).to.equal(grace);
  });

  const unmatched: Readonly<Record<string, object>> = {
    "an unknown email": { email: "nobody@example.com" },
    "an unverified email": { email_verified: false },
    'an unverified email, with "false" as a string': { email_verified: "false" },
    "an unknown email with the subject of a user": { email: "nobody@example.com", sub: "idp|ada" },
    "an empty email with the subject of a user": { email: "", sub: "idp|ada" },
    "an email that is an array": { email: ["ada@example.com"] },
    "a subject with a wildcard": { email: undefined, sub: "idp|ad*" },
    "an unknown subject": { email: undefined, sub: "idp|nobody" },
    "a subject with different case": { email: undefined, sub: "IDP|ADA" },
    "a subject that is a userName": { email: undefined, sub: "ada@example.com" },
    "only a client id": { email: undefined, client_id: "ada@example.com" },
    "neither email nor subject": { email: undefined },
    "an email with a NUL character": { email: "ada@example.com\0" },
    "an email of more than 320 characters": { email: `${"a".repeat(400)}@example.com` },
  };
  for (const [description, claims] of Object.entries(unmatched)) {
    it(`rejects ${description}`, async () => {
      const { message } = await expectRejection(domain.exchange(claims), "forbidden");
      expect(message).to.equal("The identity provider's token does not match an active user.");
      expect(await domain.listRejectionCauses()).to.deep.equal(["jwt-user"]);
    });
  }

  it("rejects an inactive user, a user of another organization, and several matching users", async () => {
    await domain.createUser(domain.organizationId, {
      userName: "gone@example.com",
      externalId: "idp|gone",
      active: false,
    });
    await domain.createUser(domain.otherId, { userName: "theirs@example.com", externalId: "idp|theirs" });
    for (const userName of ["one", "two"])
      await domain.createUser(domain.organizationId, { userName, externalId: "idp|shared" });
    const subjects = ["idp|gone", "idp|theirs", "idp|shared"].map((sub) => ({ sub, email: undefined }));
    for (const claims of [...subjects, { email: "gone@example.com" }, { email: "theirs@example.com" }]) {
      await expectRejection(domain.exchange(claims), "forbidden");
    }
  });
});
