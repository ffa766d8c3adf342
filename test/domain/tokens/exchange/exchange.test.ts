import { expect } from "chai";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../support/identity-provider.ts";
import { trackSecret } from "../../../support/secrets.ts";
import { expectRejection } from "../../domain.fixture.ts";
import { type ExchangeTestContext, openExchangeContext } from "./exchange.fixture.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describeOnEngines("TokenExchanges.exchange", (open) => {
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

  it("returns a personal read-only token of the user that is valid for an hour", async () => {
    const jwt = await provider.sign();
    const response = await domain.exchangeJwt(jwt);
    expect(response).to.deep.include({
      ...{ token_type: "Bearer", id_token: jwt, user: { id: domain.ada, userName: "ada@example.com" } },
    });
    expect(response.expires_in).to.be.within(3590, 3600);
    expect(Date.parse(response.expires_at) - Date.now()).to.be.within(hourMs - 10_000, hourMs);
    expect(Date.parse(response.refresh_expires_at) - Date.now()).to.be.within(dayMs - 10_000, dayMs);
    const caller = await domain.verify(response.access_token);
    expect(caller).to.deep.include({
      organizationId: domain.organizationId,
      userId: domain.ada,
      scopes: new Set(["connect:read"]),
    });
  });

  it("grants write access if the exchanging token has it", async () => {
    const writer = await domain.createExchanger({ scopes: ["connect:write"] });
    const { access_token } = await domain.exchange({}, writer);
    expect(await domain.readTokenBySecret(access_token)).to.deep.include({
      type: "agent",
      scopes: ["connect:write"],
    });
  });

  it("names the access token after its parent and restricts it like the parent", async () => {
    const restricted = await domain.createExchanger({ environment: "production", mcpServers: ["github"] });
    const token = await domain.readTokenBySecret((await domain.exchange({}, restricted)).access_token);
    expect(token).to.deep.include({
      ...{ name: "Exchanged for gateway", type: "mcp", parentId: restricted.actor.id },
      ...{ environment: "production", mcpServers: ["github"] },
    });
    const [event] = await domain
      .listAuditEvents("token.create")
      .then((events) => events.filter(({ target }) => target?.id === token.id));
    expect(event?.actor).to.deep.equal(restricted.actor);
  });

  it("issues no token that expires later than the exchanging token", async () => {
    const expiresAt = new Date(Date.now() + 600_000);
    const response = await domain.exchange({}, await domain.createExchanger({ expiresAt }));
    expect([response.expires_at, response.refresh_expires_at]).to.deep.equal([
      expiresAt.toISOString(),
      expiresAt.toISOString(),
    ]);
  });

  it("limits the expiry of the family to the longest lifetime of a token", async () => {
    domain.usePolicy({ maxTtlDays: 1 });
    await domain.exchange();
    const [family] = await domain.listFamilies();
    expect(Date.parse(family?.expiresAt ?? "") - Date.now()).to.be.at.most(dayMs);
  });

  it("rejects the next request after authExchange was removed from the organization", async () => {
    await domain.exchange();
    await domain.trustProvider(domain.organizationId, undefined);
    const error = await expectRejection(domain.exchange(), "invalid-request");
    expect(error.message).to.contain("authExchange");
  });

  it("trusts a changed identity provider from the next request on, and the previous one no longer", async () => {
    const next = await startIdentityProvider();
    await domain.exchange();
    await domain.trustProvider(domain.organizationId, next);
    await expectRejection(domain.exchange(), "invalid-token");
    await domain.exchangeJwt(await next.sign());
    await next.close();
  });

  it("rejects every invalid JWT with the same error, and records the cause but never the JWT", async () => {
    const jwts = [
      trackSecret(await provider.sign({ aud: "another-app" })),
      trackSecret(await provider.sign({ exp: 1 })),
      "junk",
    ];
    const errorBodies = new Set<string>();
    for (const jwt of jwts) {
      const { message, details } = await expectRejection(domain.exchangeJwt(jwt), "invalid-token");
      errorBodies.add(JSON.stringify({ message, details }));
    }
    expect(errorBodies.size).to.equal(1);
    expect(await domain.listRejectionCauses()).to.have.members(["jwt-audience", "jwt-expired", "jwt-malformed"]);
    const events = JSON.stringify(await domain.listAuditEvents("authentication.error"));
    for (const jwt of jwts.slice(0, 2)) expect(events).to.not.contain(jwt.split(".")[2]);
  });

  it("does not accept a JWT of another organization's identity provider", async () => {
    const theirs = await startIdentityProvider();
    await domain.trustProvider(domain.otherId, theirs);
    await domain.createUser(domain.otherId, { userName: "ada@example.com" });
    const stranger = await domain.createExchanger({}, domain.otherId);
    await expectRejection(domain.exchange({}, stranger), "invalid-token");
    const jwt = await theirs.sign();
    await expectRejection(domain.exchangeJwt(jwt), "invalid-token");
    const { user } = await domain.exchangeJwt(jwt, stranger);
    expect(user.id).to.not.equal(domain.ada);
    await theirs.close();
  });

  it("reports only that the keys cannot be read if the identity provider is unavailable", async () => {
    const gone = await startIdentityProvider();
    await domain.trustProvider(domain.organizationId, gone);
    const jwt = await gone.sign();
    await gone.close();
    const error = await expectRejection(domain.exchangeJwt(jwt), "unavailable");
    expect(error.message).to.equal("The identity provider's keys cannot be read at the moment.");
  });

  it("rejects a caller whose token was revoked in the meantime", async () => {
    await domain.tokens.revoke(domain.organizationId, operatorActor, domain.gateway.actor.id ?? "");
    await expectRejection(domain.exchange(), "invalid-token");
    expect(await domain.listFamilies()).to.deep.equal([]);
  });
});
