import { expect } from "chai";
import { type Service, startService } from "../../support/service.ts";

describe("X-Forwarded-For of a peer that is no trusted proxy", () => {
  const linesOf = (service: Service) =>
    service
      .log()
      .split("\n")
      .filter((line) => line.includes("X-Forwarded-For"))
      .map((line) => JSON.parse(line));

  it("is ignored and reported once, with the peer's address and without the header's value", async () => {
    const service = await startService({ environment: { TRUST_PROXY: "192.0.2.1" } });
    try {
      const client = service.clientWithSecret("wxt_unknown");
      await client.get("/healthz").expect(200);
      expect(linesOf(service)).to.deep.equal([]);
      for (const address of ["198.51.100.7", "x\ny"].map(encodeURI))
        await client.get("/api/whoami").set("X-Forwarded-For", address).expect(401);
      const lines = linesOf(service);
      expect(lines).to.have.length(1);
      expect(lines[0]).to.include({ level: "warn", peer: "127.0.0.1" });
      expect(lines[0].message).to.include("TRUST_PROXY");
      expect(service.log()).to.not.include("198.51.100.7");
    } finally {
      await service.dispose();
    }
  });

  it("is not reported if the proxy is trusted", async () => {
    const service = await startService({ environment: { TRUST_PROXY: "127.0.0.0/8" } });
    try {
      await service.clientWithSecret().get("/healthz").set("X-Forwarded-For", "198.51.100.7").expect(200);
      expect(linesOf(service)).to.deep.equal([]);
    } finally {
      await service.dispose();
    }
  });
});
