import { createHmac, createPublicKey, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { expect } from "chai";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { JwksCache } from "../../../../src/domain/tokens/exchange/jwks.ts";
import { verifyJwt } from "../../../../src/domain/tokens/exchange/jwt.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../support/identity-provider.ts";
import { openGuardedHttp } from "../../outbound/guarded-http.fixture.ts";

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

describe("verifyJwt", () => {
  let provider: IdentityProvider;
  let stranger: IdentityProvider;
  before(async () => {
    provider = await startIdentityProvider();
    stranger = await startIdentityProvider();
  });
  after(async () => {
    await provider.close();
    await stranger.close();
  });

  const verify = (jwt: string, settings = provider.settings) => {
    const jwks = new JwksCache(openGuardedHttp({ allowsAll: true }));
    return verifyJwt(jwt, settings, (header) => jwks.findKey("org", settings.jwksUri, header));
  };
  const claimsOf = async (jwt: string, settings = provider.settings) => {
    const verified = await verify(jwt, settings);
    if ("cause" in verified) throw new Error(verified.cause);
    return verified.claims;
  };
  /** Builds a JWT with any header, payload and signature. */
  const forged = (header: object, signature: (input: string) => string, claims: object = {}): string => {
    const { issuer: iss, audience: aud } = provider.settings;
    const payload = { iss, aud, exp: inSeconds(300), email: "ada@example.com", ...claims };
    const input = `${encoded(header)}.${encoded(payload)}`;
    return `${input}.${signature(input)}`;
  };

  describe("valid JWTs", () => {
    it("accepts a JWT of the identity provider", async () => {
      expect(await claimsOf(await provider.sign())).to.include({ email: "ada@example.com" });
    });

    it("accepts several audiences if the expected one is among them", async () => {
      expect((await claimsOf(await provider.sign({ aud: ["other", "gatehouse"] }))).aud).to.have.length(2);
    });

    it("accepts a JWT without nbf, iat and typ, and compares typ case-insensitively", async () => {
      await claimsOf(await provider.sign({ iat: undefined }));
      for (const typ of ["JWT", "jwt", "at+jwt", "application/at+JWT"]) {
        await claimsOf(await provider.sign({}, { typ }));
      }
    });

    it("tolerates a clock difference of 30 seconds", async () => {
      await claimsOf(await provider.sign({ nbf: inSeconds(25), iat: inSeconds(25) }));
      await claimsOf(await provider.sign({ exp: inSeconds(-25) }));
    });

    for (const alg of ["ES256", "EdDSA"] as const) {
      it(`accepts a signature with ${alg} if the organization allows it`, async () => {
        const other = await startIdentityProvider(alg);
        await claimsOf(await other.sign(), other.settings);
        await other.close();
      });
    }
  });

  describe("invalid JWTs", () => {
    const invalid: Readonly<
      Record<string, { readonly cause: string; readonly create: () => string | Promise<string> }>
    > = {
      "a string that is not a JWT": { cause: "jwt-malformed", create: () => "junk" },
      "an encrypted JWT": { cause: "jwt-malformed", create: () => "e30.e30.e30.e30.e30" },
      "a JWT of more than 16 KiB": {
        cause: "jwt-malformed",
        create: () => provider.sign({ more: "x".repeat(16_384) }),
      },
      "a string of thousands of dots": { cause: "jwt-malformed", create: () => ".".repeat(16_000) },
      "alg none": { cause: "jwt-algorithm", create: () => forged({ alg: "none" }, () => "") },
      "alg None with a foreign signature": {
        cause: "jwt-algorithm",
        create: () => forged({ alg: "None" }, () => "c2ln"),
      },
      "HS256 with the public key as the secret": {
        cause: "jwt-algorithm",
        create: () => {
          const pem = createPublicKey({ key: provider.publicKey(), format: "jwk" }).export({
            type: "spki",
            format: "pem",
          });
          const header = { alg: "HS256", kid: provider.publicKey().kid };
          return forged(header, (input) => createHmac("sha256", pem).update(input).digest("base64url"));
        },
      },
      "an algorithm that the organization does not allow": {
        cause: "jwt-algorithm",
        create: () => forged({ alg: "PS256", kid: provider.publicKey().kid }, () => "c2ln"),
      },
      "a signature by a foreign key with the same kid": {
        cause: "jwt-signature",
        create: () => stranger.sign({ iss: provider.settings.issuer }, { kid: provider.publicKey().kid }),
      },
      "a changed payload": {
        cause: "jwt-signature",
        create: async () => {
          const [header, , signature] = (await provider.sign()).split(".");
          const { issuer: iss, audience: aud } = provider.settings;
          return `${header}.${encoded({ iss, aud, exp: inSeconds(300), email: "root@example.com" })}.${signature}`;
        },
      },
      "a missing signature": {
        cause: "jwt-signature",
        create: async () => (await provider.sign()).replace(/[^.]*$/, ""),
      },
      "an unpublished kid": { cause: "jwt-key", create: () => provider.sign({}, { kid: "../../dev/null" }) },
      "another issuer": { cause: "jwt-issuer", create: () => provider.sign({ iss: stranger.settings.issuer }) },
      "an issuer with only the expected prefix": {
        cause: "jwt-issuer",
        create: () => provider.sign({ iss: `${provider.settings.issuer}/` }),
      },
      "a missing issuer": { cause: "jwt-issuer", create: () => provider.sign({ iss: undefined }) },
      "another audience": { cause: "jwt-audience", create: () => provider.sign({ aud: "another-app" }) },
      "a missing audience": { cause: "jwt-audience", create: () => provider.sign({ aud: undefined }) },
      "an exp in the past": { cause: "jwt-expired", create: () => provider.sign({ exp: inSeconds(-31) }) },
      "a missing exp": { cause: "jwt-claims", create: () => provider.sign({ exp: undefined }) },
      "an exp that is a string": {
        cause: "jwt-claims",
        create: () => provider.sign({ exp: String(inSeconds(300)) }),
      },
      "an nbf in the future": {
        cause: "jwt-not-yet-valid",
        create: () => provider.sign({ nbf: inSeconds(60) }),
      },
      "an iat in the future": {
        cause: "jwt-not-yet-valid",
        create: () => provider.sign({ iat: inSeconds(60) }),
      },
      "a logout token": { cause: "jwt-type", create: () => provider.sign({}, { typ: "logout+jwt" }) },
      "an unknown critical extension": {
        cause: "jwt-malformed",
        create: () => forged({ alg: "RS256", kid: provider.publicKey().kid, crit: ["x"], x: 1 }, () => "c2ln"),
      },
    };
    for (const [input, { cause, create }] of Object.entries(invalid)) {
      it(`rejects ${input}`, async () => expect(await verify(await create())).to.deep.equal({ cause }));
    }

    it("ignores a key in the JWT's header", async () => {
      const { privateKey, publicKey } = await generateKeyPair("RS256");
      const jwk = { ...(await exportJWK(publicKey)), kid: provider.publicKey().kid };
      const { issuer, audience } = provider.settings;
      const jwt = await new SignJWT({ email: "root@example.com" })
        .setProtectedHeader({ alg: "RS256", jwk, kid: jwk.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setExpirationTime("5m")
        .sign(privateKey);
      expect(await verify(jwt)).to.deep.equal({ cause: "jwt-signature" });
    });

    it("ignores and does not fetch a key URL in the JWT's header", async () => {
      const before = stranger.requests();
      const { jwksUri } = stranger.settings;
      const { kid } = stranger.publicKey();
      const jwt = await stranger.sign(
        { iss: provider.settings.issuer },
        { jku: jwksUri, x5u: jwksUri, kid: `${kid}-elsewhere` },
      );
      expect(await verify(jwt)).to.deep.equal({ cause: "jwt-key" });
      expect(stranger.requests()).to.equal(before);
    });

    it("rejects a published key that is too weak", async () => {
      const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
      const jwk = { ...weak.publicKey.export({ format: "jwk" }), kid: "weak" };
      provider.respondWith((_req, res) => void res.end(JSON.stringify({ keys: [jwk] })));
      const jwt = forged({ alg: "RS256", kid: "weak" }, (input) =>
        signBytes("sha256", Buffer.from(input), weak.privateKey).toString("base64url"),
      );
      expect(await verify(jwt)).to.deep.equal({ cause: "jwt-malformed" });
      provider.respondWith();
    });
  });

  it("fetches no keys for a malformed JWT or a disallowed algorithm", async () => {
    const before = provider.requests();
    for (const jwt of ["junk", forged({ alg: "none" }, () => ""), forged({ alg: "HS256" }, () => "c2ln")]) {
      await verify(jwt);
    }
    expect(provider.requests()).to.equal(before);
  });
});
