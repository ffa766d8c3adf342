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

  it("end at shutdown without waiting for a server that never finishes an initialization", async () => {
    const upstream = await startUpstream((message, res) => {
      if (message.method === "initialize" && message.headers["authorization"] === "Bearer a") return;
      if (message.method === "initialize") sendResult(res, message, { protocolVersion: "2025-11-25" });
    });
    const http = new GuardedHttp(new AddressGuard({ allowedRanges: ["127.0.0.1"] }), { keepAlive: true });
    const sessions = new LegacySessions(
      () => 1,
      () => 0,
    );
    const endpoint = { http, slug: "jira", url: new URL(upstream.url) };
    const opening = ["a", "b"].map((name) =>
      sessions
        .get(name, { ...endpoint, credentialHeaders: { authorization: `Bearer ${name}` } }, () => undefined)
        .then(
          () => "opened",
          () => "ended",
        ),
    );
    // One waits for the response to `initialize`, the other for that to the notification after it.
    while (!upstream.methods().includes("notifications/initialized") || upstream.received.length < 3)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await sessions.close();
    expect(await opening[0]).to.equal("ended");
    expect(await opening[1]).to.equal("opened");
    http.close();
    await upstream.close();
  });
});
