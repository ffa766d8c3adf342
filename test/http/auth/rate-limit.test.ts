import { expect } from "chai";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";

/** 40 s before the end of a minute, and 1540 s before the end of an hour. */
const noon = Date.parse("2026-01-01T12:34:20Z");

describe("Rate limits", () => {
  let service: Service;
  let now: number;
  const start = async (RATE_LIMIT: string): Promise<void> => {
    now = noon;
    service = await startService({ environment: { RATE_LIMIT }, now: () => now });
  };
  afterEach(() => service.dispose());

  const user = async (userName = "ada@example.com"): Promise<string> => {
    const admin = await service.clientWithScopes(["admin:scim"]);
    const response = await admin
      .post("/scim/v2/Users")
      .send({ schemas: [userUrn], userName })
      .expect(201);
    return JSON.parse(response.text).id;
  };
  const statuses = async (agent: Agent, times: number, path = "/api/whoami"): Promise<number[]> => {
    const seen = [];
    for (let time = 0; time < times; time++) seen.push((await agent.get(path)).status);
    return seen;
  };

  it("count requests by token, report what remains, and reject the next with 429 and Retry-After", async () => {
    await start("scim=5/60");
    const scim = await service.clientWithScopes(["admin:scim"]);
    for (let left = 4; left >= 0; left--) {
      const response = await scim.get("/scim/v2/Users").expect(200);
      expect(response.headers["ratelimit-policy"]).to.equal('"scim";q=5;w=60');
      expect(response.headers["ratelimit"]).to.equal(`"scim";r=${left};t=40`);
    }
    now += 1000;
    const rejected = await scim.get("/scim/v2/Users").expect(429);
    expect(rejected.headers["retry-after"]).to.equal("39");
    expect(rejected.headers["ratelimit"]).to.equal('"scim";r=0;t=39');
    expect(rejected.body).to.deep.include({ status: "429" });
    now += 39_000;
    await scim.get("/scim/v2/Users").expect(200);
  });

  it("count the access tokens of an OAuth client with the client", async () => {
    await start("api=20/60");
    const client = await service.issueToken({ scopes: ["admin:read"] });
    const requestToken = async (): Promise<Agent> => {
      const { body } = await service
        .clientWithSecret()
        .post("/oauth/token")
        .type("form")
        .send({ grant_type: "client_credentials", client_id: client.id, client_secret: client.secret })
        .expect(200);
      return service.clientWithSecret(trackSecret(body.access_token));
    };
    const agents = [await requestToken(), await requestToken(), await requestToken()];
    const seen = (await Promise.all(agents.map((agent) => statuses(agent, 20)))).flat();
    expect(seen.filter((status) => status === 200)).to.have.length(17);
  });

  it("allow provisioning at 25 requests a second for a minute, and at 50 for ten seconds", async () => {
    await start("");
    const scim = await service.clientWithScopes(["admin:scim"]);
    const seen = new Set<number>();
    const burst = async (seconds: number, perSecond: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        const requests = Array.from({ length: perSecond }, () => scim.get("/scim/v2/Users?count=1"));
        for (const { status } of await Promise.all(requests)) seen.add(status);
        now += 1000;
      }
    };
    await burst(60, 25);
    await burst(10, 50);
    expect([...seen]).to.deep.equal([200]);
  });

  it("reject the 101st request of a minute to a user's view, however the user is identified", async () => {
    await start("");
    const userId = await user();
    const personal = await service.issueToken({ userId, type: "agent", scopes: ["connect:read"] });
    const named = (await service.clientWithScopes(["connect:read"])).set("x-user-email", "ada@example.com");
    for (const agent of [service.clientWithSecret(personal.secret), named as Agent]) {
      expect(await statuses(agent, 100)).to.deep.equal(Array(100).fill(200));
      const rejected = await agent.get("/api/whoami").expect(429);
      expect(rejected.headers["retry-after"]).to.equal("40");
      expect(JSON.parse(rejected.text)).to.deep.include({
        type: "urn:gatehouse:problem:rate-limited",
        detail: "Rate limit exceeded: connect (100 in 60 s). Retry in 40 s.",
        violatedPolicies: ["connect"],
      });
      now += 40_000;
      await agent.get("/api/whoami").expect(200);
      now -= 40_000;
    }
  });

  it("report both policies of an API, and name all exhausted ones with the longest wait", async () => {
    await start("connect=3/60,connect-organization=4/3600");
    const userId = await user();
    const personal = async () =>
      service.clientWithSecret((await service.issueToken({ userId, type: "agent", scopes: ["connect:read"] })).secret);
    const [one, other] = [await personal(), await personal()];
    const first = await one.get("/api/whoami").expect(200);
    expect(first.headers["ratelimit-policy"]).to.equal('"connect";q=3;w=60, "connect-organization";q=4;w=3600');
    expect(first.headers["ratelimit"]).to.equal('"connect";r=2;t=40, "connect-organization";r=3;t=1540');
    expect(await statuses(one, 2)).to.deep.equal([200, 200]);
    const byToken = await one.get("/api/whoami").expect(429);
    expect(JSON.parse(byToken.text).violatedPolicies).to.deep.equal(["connect"]);
    expect(byToken.headers["retry-after"]).to.equal("40");
    await other.get("/api/whoami").expect(200);
    const byOrganization = await other.get("/api/whoami").expect(429);
    expect(JSON.parse(byOrganization.text).violatedPolicies).to.deep.equal(["connect-organization"]);
    const byBoth = await one.get("/api/whoami").expect(429);
    expect(JSON.parse(byBoth.text)).to.deep.include({
      violatedPolicies: ["connect", "connect-organization"],
      detail: "Rate limit exceeded: connect (3 in 60 s) and connect-organization (4 in 3600 s). Retry in 1540 s.",
    });
    expect(byBoth.headers["retry-after"]).to.equal("1540");
  });

  it("count each acting user of a token and of an organization separately", async () => {
    await start("connect=2/60,connect-organization=3/3600");
    for (const name of ["ada@example.com", "bob@example.com"]) await user(name);
    const plugin = await service.clientWithScopes(["connect:read"]);
    const other = await service.clientWithScopes(["connect:read"]);
    const call = async (agent: Agent, email: string): Promise<number> =>
      (await agent.get("/api/whoami").set("x-user-email", email)).status;
    for (const email of ["ada@example.com", "BOB@example.com"]) {
      for (const status of [200, 200, 429]) expect(await call(plugin, email), email).to.equal(status);
      // The organization's limit counts the same user over all tokens.
      for (const status of [200, 429]) expect(await call(other, email), email).to.equal(status);
    }
  });

  it("count requests for unknown or inactive users by the token alone, whatever the names are", async () => {
    await start("connect=3/60,connect-organization=off");
    await user("ada@example.com");
    const admin = await service.clientWithScopes(["admin:write"]);
    await admin.post("/api/users").send({ userName: "asleep", active: false }).expect(201);
    const plugin = await service.clientWithScopes(["connect:read"]);
    const seen = [];
    for (const name of ["x1", "asleep", "x2", "x3", "x4"]) {
      const { status, headers } = await plugin.get("/api/whoami").set("x-user-email", name);
      seen.push([status, headers["ratelimit"]]);
    }
    expect(seen).to.deep.equal([
      [403, '"connect";r=2;t=40'],
      [403, '"connect";r=1;t=40'],
      [403, '"connect";r=0;t=40'],
      [429, '"connect";r=0;t=40'],
      [429, '"connect";r=0;t=40'],
    ]);
    await plugin.get("/api/whoami").set("x-user-email", "ada@example.com").expect(200);
  });

  it("do not reveal which users exist to a token that cannot act as any", async () => {
    await start("connect=9/60,connect-organization=off");
    await user("ada@example.com");
    const scim = await service.clientWithScopes(["admin:scim"]);
    const remaining = [];
    for (const name of ["nobody", "ada@example.com", "ada@example.com", "nobody"]) {
      const { headers } = await scim.get("/api/skills").set("x-user-email", name).expect(403);
      remaining.push(headers["ratelimit"]);
    }
    expect(remaining).to.deep.equal([8, 7, 6, 5].map((left) => `"connect";r=${left};t=40`));
  });

  it("do not count requests that the token's limit rejects against the organization's limit", async () => {
    await start("scim=2/60,scim-organization=4/3600");
    const [greedy, other] = [
      await service.clientWithScopes(["admin:scim"]),
      await service.clientWithScopes(["admin:scim"]),
    ];
    const path = "/scim/v2/Users";
    expect(await statuses(greedy, 10, path)).to.deep.equal([200, 200, ...Array(8).fill(429)]);
    expect(await statuses(other, 3, path)).to.deep.equal([200, 200, 429]);
  });

  it("count tokens, organizations, APIs and views of /api separately", async () => {
    await start("scim=3/60,api=3/60,connect=3/60,scim-organization=7/60");
    const email = "ada@example.com";
    const elsewhere = await service.createOrganization("elsewhere");
    await user(email);
    const exhausted = await service.clientWithScopes(["all"]);
    expect(await statuses(exhausted, 4, "/scim/v2/Users")).to.deep.equal([200, 200, 200, 429]);
    expect(await statuses(exhausted, 4)).to.deep.equal([200, 200, 200, 429]);
    for (const left of [200, 200, 200, 429]) {
      await exhausted.get("/api/whoami").set("x-user-email", email).expect(left);
    }
    expect(await statuses(await service.clientWithScopes(["admin:scim"]), 3, "/scim/v2/Users")).to.deep.equal([
      200, 200, 200,
    ]);
    await (await service.clientWithScopes(["admin:scim"])).get("/scim/v2/Users").expect(429);
    await (await service.clientWithScopes(["admin:scim"], elsewhere)).get("/scim/v2/Users").expect(200);
  });

  it("count a request to a user's view even if it is rejected later", async () => {
    await start("connect=3/60");
    const agent = await service.clientWithScopes(["connect:read"]);
    for (const status of [403, 403, 403, 429]) {
      await agent.get("/api/whoami").set("x-user-email", "nobody@example.com").expect(status);
    }
  });

  it("do not apply to an API whose limit is off", async () => {
    await start("scim=1/60,api=off,failures=off");
    const agent = await service.clientWithScopes(["all"]);
    expect(await statuses(agent, 10)).to.deep.equal(Array(10).fill(200));
    expect((await agent.get("/api/whoami")).headers).to.not.include.any.keys("ratelimit", "ratelimit-policy");
    expect(await statuses(service.clientWithSecret("junk"), 310)).to.deep.equal(Array(310).fill(401));
  });

  it("limit failed authentications by address, and never a valid token from the same address", async () => {
    await start("failures=3/60");
    expect(await statuses(service.clientWithSecret("junk"), 5)).to.deep.equal([401, 401, 401, 429, 429]);
    const rejected = await service.clientWithSecret("junk").get("/api/whoami").expect(429);
    expect(rejected.headers["retry-after"]).to.equal("40");
    expect(JSON.parse(rejected.text).violatedPolicies).to.deep.equal(["failures"]);
    await (await service.clientWithScopes(["connect:read"])).get("/api/whoami").expect(200);
  });
});
