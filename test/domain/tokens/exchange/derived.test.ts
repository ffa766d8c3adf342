import { expect } from "chai";
import type { Token } from "../../../../schemas/token.ts";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import type { Caller } from "../../../../src/domain/caller.ts";
import { TokenFormatGate } from "../../../../src/domain/tokens/legacy/legacy.ts";
import { TokenReports } from "../../../../src/domain/tokens/usage/reports.ts";
import { ClientCredentials } from "../../../../src/domain/tokens/verify/client-credentials.ts";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../support/identity-provider.ts";
import { trackSecret } from "../../../support/secrets.ts";
import { expectRejection } from "../../domain.fixture.ts";
import { type ExchangeTestContext, openExchangeContext } from "./exchange.fixture.ts";

const source = { ip: "192.0.2.7", requestId: "r-1" };

describeOnEngines("Tokens derived from other tokens", (open) => {
  let provider: IdentityProvider;
  let domain: ExchangeTestContext;
  let client: Caller;
  /** An access token of the client, and what it got in an exchange. */
  let access: Caller;
  before(async () => {
    provider = await startIdentityProvider();
  });
  after(() => provider.close());
  beforeEach(async () => {
    domain = await openExchangeContext(open, provider);
    client = await domain.createExchanger({ scopes: ["connect:write"], name: "client" });
    access = await domain.verify(await requestAccessToken());
  });
  afterEach(() => domain.dispose());

  const requestAccessToken = async (): Promise<string> => {
    const credentials = new ClientCredentials(domain.store, domain.tokens, 3600);
    return trackSecret((await credentials.issue(client, undefined)).secret);
  };
  const clientId = () => client.actor.id ?? "";
  const report = (secret: string) => {
    const settings = { prefix: "wxt" };
    return new TokenReports(domain.store, settings, new TokenFormatGate(domain.store, settings)).report(
      secret,
      undefined,
      source,
    );
  };
  const issueBy = async (secret: string) => {
    const caller = await domain.verify(secret);
    const { token, secret: issued } = await domain.tokens.issue(caller, {
      ...{ name: "created", type: "mcp", scopes: ["connect:read"], userId: domain.ada },
    });
    return { token, secret: trackSecret(issued) };
  };

  describe("a token of an exchange with an access token of /oauth/token", () => {
    const changes: Readonly<Record<string, () => Promise<unknown>>> = {
      revoked: () => domain.tokens.revoke(domain.organizationId, operatorActor, clientId()),
      disabled: () => domain.patchToken(clientId(), { enabled: false }),
      expired: () => domain.patchToken(clientId(), { expiresAt: new Date(Date.now() - 1).toISOString() }),
      restricted: () => domain.patchToken(clientId(), { allowedIps: ["203.0.113.9"], version: 99 }),
    };
    for (const [status, change] of Object.entries(changes)) {
      it(`is invalid as soon as the client is ${status}, with the tokens that it created`, async () => {
        const { access_token, refresh_token } = await domain.exchange({}, access);
        const created = await issueBy(access_token);
        expect(await domain.isValid(created.secret)).to.equal(true);
        await change();
        const code = status === "restricted" ? "ip-not-allowed" : "invalid-token";
        await expectRejection(domain.verify(access_token), code);
        await expectRejection(domain.verify(created.secret), code);
        if (status !== "restricted") await expectRejection(domain.refresh(refresh_token, access), "invalid-token");
      });
    }

    it("is invalid after the client is reported as leaked", async () => {
      const secret = trackSecret(
        (
          await domain.tokens.create(domain.organizationId, operatorActor, {
            name: "c",
            type: "agent",
            scopes: ["connect:write"],
          })
        ).secret,
      );
      client = await domain.verify(secret);
      const { access_token } = await domain.exchange({}, await domain.verify(await requestAccessToken()));
      await report(secret);
      await expectRejection(domain.verify(access_token), "invalid-token");
    });

    it("names its client as the root, and has the address list of the client for what it grants", async () => {
      const { access_token } = await domain.exchange({}, access);
      await domain.patchToken(clientId(), { allowedIps: ["192.0.2.0/24"], version: 99 });
      expect((await domain.verify(access_token)).token).to.deep.include({
        rootId: clientId(),
        allowedIps: ["192.0.2.0/24"],
      });
      await expectRejection(issueBy(access_token), "forbidden");
    });

    it("is invalid if its record is from before and only its direct parent was checked", async () => {
      const { access_token } = await domain.exchange({}, access);
      const token: Token = await domain.readTokenBySecret(access_token);
      expect(token.parentId).to.equal(access.actor.id);
      await domain.patchToken(clientId(), { enabled: false });
      await expectRejection(domain.verify(access_token), "invalid-token");
    });
  });

  describe("a token that an exchanged token created", () => {
    it("ends with the family when a refresh token is used twice", async () => {
      const gateway = await domain.createExchanger({ scopes: ["connect:write"] });
      const { access_token, refresh_token } = await domain.exchange({}, gateway);
      const { secret } = await issueBy(access_token);
      await domain.refresh(refresh_token, gateway);
      expect(await domain.isValid(secret)).to.equal(true);
      await expectRejection(domain.refresh(refresh_token, gateway), "invalid-token");
      await expectRejection(domain.verify(secret), "invalid-token");
    });
  });

  describe("a reported refresh token", () => {
    it("ends its family: the access token, the refresh tokens, and what the access token created", async () => {
      const gateway = await domain.createExchanger({ scopes: ["connect:write"] });
      const { access_token, refresh_token } = await domain.exchange({}, gateway);
      const { secret } = await issueBy(access_token);
      await report(refresh_token);
      for (const each of [access_token, secret]) await expectRejection(domain.verify(each), "invalid-token");
      await expectRejection(domain.refresh(refresh_token, gateway), "invalid-token");
      const events = await domain.listAuditEvents("token.report");
      expect(events.map(({ details }) => details?.["secret"])).to.deep.equal(["refresh"]);
      await report(refresh_token);
      expect(await domain.listAuditEvents("token.report"), "a repeated report").to.have.length(1);
    });

    it("that was used already ends its family too", async () => {
      const { refresh_token } = await domain.exchange();
      const renewed = await domain.refresh(refresh_token);
      await report(refresh_token);
      expect(await domain.isValid(renewed.access_token)).to.equal(false);
    });
  });
});
