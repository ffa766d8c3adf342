import { expect } from "chai";
import { AddressGuard } from "../../../src/domain/outbound/address-guard.ts";
import { GuardedHttp } from "../../../src/domain/outbound/guarded-http.ts";
import { LegacySessions } from "../../../src/domain/upstream/legacy-sessions.ts";
import { sendResult, startUpstream } from "./upstream.fixture.ts";

describe("LegacySessions", () => {
  it("end after five minutes without a call, at the server too", async () => {
    let now = 0;
    const result = { protocolVersion: "2025-11-25", capabilities: {} };
    const upstream = await startUpstream((message, res) => {
      if (message.method === "initialize") sendResult(res, message, result, { "mcp-session-id": "s1" });
      else res.writeHead(202).end();
    });
    const http = new GuardedHttp(new AddressGuard({ allowedRanges: ["127.0.0.1"] }), { keepAlive: true });
    const sessions = new LegacySessions(
      () => 1,
      () => now,
    );
    const endpoint = {
      http,
      slug: "jira",
      url: new URL(upstream.url),
      credentialHeaders: { authorization: "Bearer a" },
    };
    const first = await sessions.get("key", endpoint, () => undefined);
    now = 299_999;
    await sessions.endIdle();
    expect(await sessions.get("key", endpoint, () => undefined)).to.equal(first);
    now += 300_000;
    await sessions.endIdle();
    expect(upstream.methods()).to.deep.equal(["initialize", "notifications/initialized", "DELETE"]);
    expect(upstream.received.at(-1)?.headers).to.include({ "mcp-session-id": "s1", authorization: "Bearer a" });
    expect(await sessions.get("key", endpoint, () => undefined)).to.not.equal(first);
    await sessions.close();
    http.close();
    await upstream.close();
  });
});
