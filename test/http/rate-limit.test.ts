import { expect } from "chai";
import { type Agent, type Service, startService, userUrn } from "../support/service.ts";

/** Somewhere in the middle of a minute and of an hour. */
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
    const admin = await service.as(["admin:scim"]);
    const answer = await admin
      .post("/scim/v2/Users")
      .send({ schemas: [userUrn], userName })
      .expect(201);
    return JSON.parse(answer.text).id;
  };
  const statuses = async (agent: Agent, times: number, path = "/api/whoami"): Promise<number[]> => {
    const seen = [];
    for (let time = 0; time < times; time++) seen.push((await agent.get(path)).status);
    return seen;
  };

  it("let a token make its requests, telling what is left, and refuse the next with 429 and Retry-After", async () => {
    await start("scim=5/60");
    const scim = await service.as(["admin:scim"]);
    for (let left = 4; left >= 0; left--) {
      const answer = await scim.get("/scim/v2/Users").expect(200);
      expect(answer.headers["ratelimit-policy"]).to.equal('"scim";q=5;w=60');
      expect(answer.headers["ratelimit"]).to.equal(`"scim";r=${left};t=40`);
    }
    now += 1000;
    const refused = await scim.get("/scim/v2/Users").expect(429);
    expect(refused.headers["retry-after"]).to.equal("39");
    expect(refused.headers["ratelimit"]).to.equal('"scim";r=0;t=39');
    expect(refused.body).to.deep.include({ status: "429" });
    now += 39_000;
    await scim.get("/scim/v2/Users").expect(200);
  });

  it("never limit provisioning at 25 requests a second for a minute, nor at 50 for ten seconds", async () => {
    await start("");
    const scim = await service.as(["admin:scim"]);
    const seen = new Set<number>();
    const burst = async (seconds: number, perSecond: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        const asked = Array.from({ length: perSecond }, () => scim.get("/scim/v2/Users?count=1"));
        for (const { status } of await Promise.all(asked)) seen.add(status);
        now += 1000;
      }
    };
    await burst(60, 25);
    await burst(10, 50);
    expect([...seen]).to.deep.equal([200]);
  });

  it("refuse the 101st call of a minute for a user's view, however the user is named, and none before it", async () => {
    await start("");
    const userId = await user();
    const personal = await service.issue({ userId, type: "agent", scopes: ["connect:read"] });
    const named = (await service.as(["connect:read"])).set("x-user-email", "ada@example.com");
    for (const agent of [service.with(personal.secret), named as Agent]) {
      expect(await statuses(agent, 100)).to.deep.equal(Array(100).fill(200));
      const refused = await agent.get("/api/whoami").expect(429);
      expect(refused.headers["retry-after"]).to.equal("40");
      expect(JSON.parse(refused.text)).to.deep.include({
        type: "urn:gatehouse:problem:rate-limited",
        detail: "Too many requests for the limit connect (100 in 60 s). Try again in 40 s.",
        violatedPolicies: ["connect"],
      });
      now += 40_000;
      await agent.get("/api/whoami").expect(200);
      now -= 40_000;
    }
  });

  it("tell of both policies of a door, and name all that are used up with the longest wait", async () => {
    await start("connect=3/60,connect-organization=4/3600");
    const userId = await user();
    const personal = async () =>
      service.with((await service.issue({ userId, type: "agent", scopes: ["connect:read"] })).secret);
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
      detail:
        "Too many requests for the limit connect (3 in 60 s) and the limit connect-organization (4 in 3600 s). Try again in 1540 s.",
    });
    expect(byBoth.headers["retry-after"]).to.equal("1540");
  });

  it("count what is refused for a token not for its organisation, so that one cannot use up what all have", async () => {
    await start("scim=2/60,scim-organization=4/3600");
    const [greedy, other] = [await service.as(["admin:scim"]), await service.as(["admin:scim"])];
    const path = "/scim/v2/Users";
    expect(await statuses(greedy, 10, path)).to.deep.equal([200, 200, ...Array(8).fill(429)]);
    expect(await statuses(other, 3, path)).to.deep.equal([200, 200, 429]);
  });

  it("count each token, each organisation, each door and each view of /api for itself", async () => {
    await start("scim=3/60,api=3/60,connect=3/60,scim-organization=7/60");
    const email = "ada@example.com";
    const elsewhere = await service.organization("elsewhere");
    await user(email);
    const exhausted = await service.as(["all"]);
    expect(await statuses(exhausted, 4, "/scim/v2/Users")).to.deep.equal([200, 200, 200, 429]);
    expect(await statuses(exhausted, 4)).to.deep.equal([200, 200, 200, 429]);
    for (const left of [200, 200, 200, 429]) {
      await exhausted.get("/api/whoami").set("x-user-email", email).expect(left);
    }
    expect(await statuses(await service.as(["admin:scim"]), 3, "/scim/v2/Users")).to.deep.equal([200, 200, 200]);
    await (await service.as(["admin:scim"])).get("/scim/v2/Users").expect(429);
    await (await service.as(["admin:scim"], elsewhere)).get("/scim/v2/Users").expect(200);
  });

  it("count a request for a user's view that is refused later all the same", async () => {
    await start("connect=3/60");
    const agent = await service.as(["connect:read"]);
    for (const status of [403, 403, 403, 429]) {
      await agent.get("/api/whoami").set("x-user-email", "nobody@example.com").expect(status);
    }
  });

  it("are none at a door whose limit is off", async () => {
    await start("scim=1/60,api=off,failures=off");
    const agent = await service.as(["all"]);
    expect(await statuses(agent, 10)).to.deep.equal(Array(10).fill(200));
    expect((await agent.get("/api/whoami")).headers).to.not.include.any.keys("ratelimit", "ratelimit-policy");
    expect(await statuses(service.with("junk"), 310)).to.deep.equal(Array(310).fill(401));
  });

  it("slow down who keeps failing, and never the valid token from the same address", async () => {
    await start("failures=3/60");
    expect(await statuses(service.with("junk"), 5)).to.deep.equal([401, 401, 401, 429, 429]);
    const refused = await service.with("junk").get("/api/whoami").expect(429);
    expect(refused.headers["retry-after"]).to.equal("40");
    expect(JSON.parse(refused.text).violatedPolicies).to.deep.equal(["failures"]);
    await (await service.as(["connect:read"])).get("/api/whoami").expect(200);
  });
});
