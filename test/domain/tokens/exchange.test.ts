import { expect } from "chai";
import { operator } from "../../../src/domain/audit/record.ts";
import { engines } from "../../store/engines.ts";
import { type IdentityProvider, startIdentityProvider } from "../../support/identity-provider.ts";
import { remember } from "../../support/secrets.ts";
import { refusalOf } from "../opened.ts";
import { type OpenedExchanges, openExchanges } from "./exchange-opened.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

for (const { name: engine, open } of engines) {
  describe(`Exchange of an outside JWT on ${engine}`, () => {
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

    it("gives a personal token of the user, for an hour, with which the user reads", async () => {
      const jwt = await provider.sign();
      const answer = await domain.exchangeJwt(jwt);
      expect(answer).to.deep.include({
        ...{ token_type: "Bearer", id_token: jwt, user: { id: domain.ada, userName: "ada@example.com" } },
      });
      expect(answer.expires_in).to.be.within(3590, 3600);
      expect(Date.parse(answer.expires_at) - Date.now()).to.be.within(hourMs - 10_000, hourMs);
      expect(Date.parse(answer.refresh_expires_at) - Date.now()).to.be.within(dayMs - 10_000, dayMs);
      const caller = await domain.verify(answer.access_token);
      expect(caller).to.deep.include({
        organizationId: domain.organizationId,
        userId: domain.ada,
        scopes: new Set(["connect:read"]),
      });
    });

    it("gives one that writes as well when the exchanging token may", async () => {
      const writer = await domain.exchanger({ scopes: ["connect:write"] });
      const { access_token } = await domain.exchange({}, writer);
      expect(await domain.tokenOf(access_token)).to.deep.include({ type: "agent", scopes: ["connect:write"] });
    });

    it("gives one that is listed under its parent's name, and restricted as the parent is", async () => {
      const restricted = await domain.exchanger({ environment: "production", mcpServers: ["github"] });
      const token = await domain.tokenOf((await domain.exchange({}, restricted)).access_token);
      expect(token).to.deep.include({
        ...{ name: "Exchanged for gateway", type: "mcp", parentId: restricted.actor.id },
        ...{ environment: "production", mcpServers: ["github"] },
      });
      const [event] = await domain
        .audit("token.create")
        .then((events) => events.filter(({ target }) => target?.id === token.id));
      expect(event?.actor).to.deep.equal(restricted.actor);
    });

    it("gives nothing that lives longer than the exchanging token", async () => {
      const expiresAt = new Date(Date.now() + 600_000);
      const answer = await domain.exchange({}, await domain.exchanger({ expiresAt }));
      expect([answer.expires_at, answer.refresh_expires_at]).to.deep.equal([
        expiresAt.toISOString(),
        expiresAt.toISOString(),
      ]);
    });

    it("begins a family that lives no longer than any token may", async () => {
      domain.under({ maxTtlDays: 1 });
      await domain.exchange();
      const [family] = await domain.families();
      expect(Date.parse(family?.expiresAt ?? "") - Date.now()).to.be.at.most(dayMs);
    });

    it("is refused where the organisation has set nothing, from the next request on", async () => {
      await domain.exchange();
      await domain.believe(domain.organizationId, undefined);
      const refused = await refusalOf(domain.exchange(), "invalid-request");
      expect(refused.message).to.contain("authExchange");
    });

    it("believes another identity provider from the next request on, and the one before no more", async () => {
      const next = await startIdentityProvider();
      await domain.exchange();
      await domain.believe(domain.organizationId, next);
      await refusalOf(domain.exchange(), "invalid-token");
      await domain.exchangeJwt(await next.sign());
      await next.close();
    });

    it("refuses every JWT that is not believed alike; the audit log has the cause, and never the JWT", async () => {
      const jwts = [
        remember(await provider.sign({ aud: "another-app" })),
        remember(await provider.sign({ exp: 1 })),
        "junk",
      ];
      const told = new Set<string>();
      for (const jwt of jwts) {
        const { message, details } = await refusalOf(domain.exchangeJwt(jwt), "invalid-token");
        told.add(JSON.stringify({ message, details }));
      }
      expect(told.size).to.equal(1);
      expect(await domain.causes()).to.have.members(["jwt-audience", "jwt-expired", "jwt-malformed"]);
      const events = JSON.stringify(await domain.audit("authentication.refused"));
      for (const jwt of jwts.slice(0, 2)) expect(events).to.not.contain(jwt.split(".")[2]);
    });

    it("does not believe for one organisation what another's identity provider says", async () => {
      const theirs = await startIdentityProvider();
      await domain.believe(domain.otherId, theirs);
      await domain.join(domain.otherId, { userName: "ada@example.com" });
      const stranger = await domain.exchanger({}, domain.otherId);
      await refusalOf(domain.exchange({}, stranger), "invalid-token");
      const jwt = await theirs.sign();
      await refusalOf(domain.exchangeJwt(jwt), "invalid-token");
      const { user } = await domain.exchangeJwt(jwt, stranger);
      expect(user.id).to.not.equal(domain.ada);
      await theirs.close();
    });

    it("says that the keys cannot be read, and nothing more", async () => {
      const gone = await startIdentityProvider();
      await domain.believe(domain.organizationId, gone);
      const jwt = await gone.sign();
      await gone.close();
      const refused = await refusalOf(domain.exchangeJwt(jwt), "unavailable");
      expect(refused.message).to.equal("The identity provider's keys cannot be read at the moment.");
    });

    it("is refused with a credential that was revoked in the meantime", async () => {
      await domain.tokens.revoke(domain.organizationId, operator, domain.gateway.actor.id ?? "");
      await refusalOf(domain.exchange(), "invalid-token");
      expect(await domain.families()).to.deep.equal([]);
    });
  });
}
