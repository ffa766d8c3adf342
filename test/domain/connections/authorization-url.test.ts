import { createHash } from "node:crypto";
import { expect } from "chai";
import { buildAuthorizationUrl } from "../../../src/domain/connections/authorization-url.ts";

const auth = {
  type: "oauth2",
  authorizationUrl: "https://as.example/authorize",
  tokenUrl: "https://as.example/token",
  clientId: "client & co",
  redirectUri: "https://plugin.example/callback?from=gatehouse",
  scopes: ["read:user", "repo"],
} as const;
const build = (more: object = {}) => buildAuthorizationUrl({ ...auth, scopes: [...auth.scopes], ...more }, "STATE");

describe("Authorization URL", () => {
  it("requests a code with all parameters of RFC 6749 section 4.1.1", () => {
    const url = new URL(build().url);
    expect(`${url.origin}${url.pathname}`).to.equal("https://as.example/authorize");
    expect(Object.fromEntries(url.searchParams)).to.deep.include({
      response_type: "code",
      client_id: "client & co",
      redirect_uri: "https://plugin.example/callback?from=gatehouse",
      scope: "read:user repo",
      state: "STATE",
    });
  });

  it("has the challenge of a new verifier each time (RFC 7636 sections 4.1 and 4.2)", () => {
    const { url, codeVerifier } = build();
    expect(codeVerifier).to.match(/^[A-Za-z0-9._~-]{43,128}$/);
    expect(build().codeVerifier).to.not.equal(codeVerifier);
    const { searchParams } = new URL(url);
    expect(searchParams.get("code_challenge_method")).to.equal("S256");
    expect(searchParams.get("code_challenge")).to.equal(createHash("sha256").update(codeVerifier).digest("base64url"));
    expect(url).to.not.include(codeVerifier);
  });

  it("keeps the query of the endpoint (RFC 6749 section 3.1)", () => {
    const { searchParams } = new URL(build({ authorizationUrl: "https://as.example/a?tenant=t%201&audience=x" }).url);
    expect(searchParams.get("tenant")).to.equal("t 1");
    expect(searchParams.get("audience")).to.equal("x");
    expect(searchParams.get("response_type")).to.equal("code");
  });

  it("replaces parameters of the endpoint's query that the request sets itself", () => {
    const { searchParams } = new URL(
      build({ authorizationUrl: "https://as.example/a?state=fixed&state=again&code_challenge_method=plain" }).url,
    );
    expect(searchParams.getAll("state")).to.deep.equal(["STATE"]);
    expect(searchParams.getAll("code_challenge_method")).to.deep.equal(["S256"]);
  });

  it("has no fragment (RFC 6749 section 3.1), and no scope if none is configured", () => {
    const { url } = build({ authorizationUrl: "https://as.example/a#top", scopes: [] });
    expect(url).to.not.include("#");
    expect(new URL(url).searchParams.has("scope")).to.equal(false);
  });
});
