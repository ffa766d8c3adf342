import { expect } from "chai";
import { type Service, startService } from "../support/service.ts";

describe("Rate limits", () => {
  let service: Service;
  before(async () => {
    service = await startService({ environment: { RATE_LIMIT: "scim=5/60,failures=3/60" } });
  });
  after(() => service.dispose());

  it("let a token make its requests, telling what is left, and refuse the next with 429 and Retry-After", async () => {
    const scim = await service.as(["admin:scim"]);
    for (let left = 4; left >= 0; left--) {
      const answer = await scim.get("/scim/v2/Users").expect(200);
      expect(answer.headers["ratelimit-policy"]).to.equal('"token";q=5;w=60');
      expect(answer.headers["ratelimit"]).to.match(new RegExp(`^"token";r=${left};t=\\d+$`));
    }
    const refused = await scim.get("/scim/v2/Users").expect(429);
    expect(Number(refused.headers["retry-after"])).to.be.within(1, 60);
    expect(refused.body).to.deep.include({ status: "429" });
  });

  it("count each token for itself, and each door for itself", async () => {
    const exhausted = await service.as(["all"]);
    for (let count = 0; count < 6; count++) await exhausted.get("/scim/v2/Users");
    await exhausted.get("/scim/v2/Users").expect(429);
    await exhausted.get("/api/whoami").expect(200);
    await (await service.as(["admin:scim"])).get("/scim/v2/Users").expect(200);
  });

  it("slow down who keeps failing, and never the valid token from the same address", async () => {
    const statuses = [];
    for (let count = 0; count < 5; count++) statuses.push((await service.with("junk").get("/api/whoami")).status);
    expect(statuses.slice(-2)).to.deep.equal([429, 429]);
    await (await service.as(["connect:read"])).get("/api/whoami").expect(200);
  });
});
