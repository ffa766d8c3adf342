import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type IdentityProvider, startIdentityProvider } from "../../support/identity-provider.ts";
import { refusalOf } from "../opened.ts";
import { type OpenedExchanges, openExchanges } from "./exchange-opened.ts";

for (const { name: engine, open } of engines) {
  describe(`The user whom an outside JWT names on ${engine}`, () => {
    let provider: IdentityProvider;
    let domain: OpenedExchanges;
    before(async () => {
      provider = await startIdentityProvider();
    });
    after(() => provider.close());
    beforeEach(async () => {
      domain = await openExchanges(open, provider);
    });
    afterEach(() => domain.dispose());

    const named: Readonly<Record<string, object>> = {
      "the e-mail address as userName, in any letter case": { email: "ADA@Example.com" },
      "an e-mail address that is verified": { email_verified: true },
      "an e-mail address that is verified, as text": { email_verified: "true" },
      "the subject, where there is no e-mail address": { email: undefined, sub: "idp|ada" },
    };
    for (const [what, claims] of Object.entries(named)) {
      it(`is named by ${what}`, async () => expect((await domain.exchange(claims)).user.id).to.equal(domain.ada));
    }

    it("is named by the primary e-mail address", async () => {
      const emails = [{ value: "grace@example.com", primary: true }];
      const grace = await domain.join(domain.organizationId, { userName: "ghopper", emails });
      expect((await domain.exchange({ email: "grace@example.com" })).user.id).to.equal(grace);
    });

    const nobody: Readonly<Record<string, object>> = {
      "an unknown e-mail address": { email: "nobody@example.com" },
      "an e-mail address that is not verified": { email_verified: false },
      "an e-mail address that is not verified, as text": { email_verified: "false" },
      "an unknown e-mail address with a known subject": { email: "nobody@example.com", sub: "idp|ada" },
      "an empty e-mail address with a known subject": { email: "", sub: "idp|ada" },
      "an e-mail address that is a list": { email: ["ada@example.com"] },
      "a condition in place of a subject": { email: undefined, sub: "idp|ad*" },
      "an unknown subject": { email: undefined, sub: "idp|nobody" },
      "a subject of another letter case": { email: undefined, sub: "IDP|ADA" },
      "a userName as the subject": { email: undefined, sub: "ada@example.com" },
      "a client only": { email: undefined, client_id: "ada@example.com" },
      "nothing at all": { email: undefined },
      "a text with a NUL": { email: "ada@example.com\0" },
      "no end of a text": { email: `${"a".repeat(400)}@example.com` },
    };
    for (const [what, claims] of Object.entries(nobody)) {
      it(`is nobody by ${what}`, async () => {
        const { message } = await refusalOf(domain.exchange(claims), "forbidden");
        expect(message).to.equal("The token names no user that this credential can act for.");
        expect(await domain.causes()).to.deep.equal(["jwt-user"]);
      });
    }

    it("is nobody who is inactive, of another organisation, or one of several", async () => {
      await domain.join(domain.organizationId, { userName: "gone@example.com", externalId: "idp|gone", active: false });
      await domain.join(domain.otherId, { userName: "theirs@example.com", externalId: "idp|theirs" });
      for (const userName of ["one", "two"])
        await domain.join(domain.organizationId, { userName, externalId: "idp|shared" });
      const subjects = ["idp|gone", "idp|theirs", "idp|shared"].map((sub) => ({ sub, email: undefined }));
      for (const claims of [...subjects, { email: "gone@example.com" }, { email: "theirs@example.com" }]) {
        await refusalOf(domain.exchange(claims), "forbidden");
      }
    });
  });
}
