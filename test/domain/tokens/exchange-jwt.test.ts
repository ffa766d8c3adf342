import { createHmac, createPublicKey, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { expect } from "chai";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { verifyJwt } from "../../../src/domain/tokens/exchange-jwt.ts";
import { Jwks } from "../../../src/domain/tokens/jwks.ts";
import { type IdentityProvider, startIdentityProvider } from "../../support/identity-provider.ts";

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
    const jwks = new Jwks({ allowPrivate: true });
    return verifyJwt(jwt, settings, (header) => jwks.keyOf("org", settings.jwksUri, header));
  };
  const claimsOf = async (jwt: string, settings = provider.settings) => {
    const verified = await verify(jwt, settings);
    if ("cause" in verified) throw new Error(verified.cause);
    return verified.claims;
  };
  /** A JWT made by hand: any header, any payload, any signature. */
  const forged = (header: object, signature: (input: string) => string, claims: object = {}): string => {
    const { issuer: iss, audience: aud } = provider.settings;
    const payload = { iss, aud, exp: inSeconds(300), email: "ada@example.com", ...claims };
    const input = `${encoded(header)}.${encoded(payload)}`;
    return `${input}.${signature(input)}`;
  };

  describe("believes", () => {
    it("a JWT of the identity provider", async () => {
      expect(await claimsOf(await provider.sign())).to.include({ email: "ada@example.com" });
    });

    it("one for several audiences, of which ours is one", async () => {
      expect((await claimsOf(await provider.sign({ aud: ["other", "gatehouse"] }))).aud).to.have.length(2);
    });

    it("one without nbf, iat and typ, and with any letter case of typ", async () => {
      await claimsOf(await provider.sign({ iat: undefined }));
      for (const typ of ["JWT", "jwt", "at+jwt", "application/at+JWT"]) {
        await claimsOf(await provider.sign({}, { typ }));
      }
    });

    it("one whose clock is up to 30 seconds from ours", async () => {
      await claimsOf(await provider.sign({ nbf: inSeconds(25), iat: inSeconds(25) }));
      await claimsOf(await provider.sign({ exp: inSeconds(-25) }));
    });

    for (const alg of ["ES256", "EdDSA"] as const) {
      it(`one that is signed with ${alg}, where the organisation has set that`, async () => {
        const other = await startIdentityProvider(alg);
        await claimsOf(await other.sign(), other.settings);
        await other.close();
      });
    }
  });

  describe("does not believe", () => {
    const refused: Readonly<Record<string, { readonly cause: string; readonly make: () => string | Promise<string> }>> =
      {
        "what is no JWT": { cause: "jwt-malformed", make: () => "junk" },
        "an encrypted JWT": { cause: "jwt-malformed", make: () => "e30.e30.e30.e30.e30" },
        "more than 16 KB": { cause: "jwt-malformed", make: () => provider.sign({ more: "x".repeat(16_384) }) },
        "dots without end": { cause: "jwt-malformed", make: () => ".".repeat(16_000) },
        "alg none": { cause: "jwt-algorithm", make: () => forged({ alg: "none" }, () => "") },
        "alg None with the signature of another": {
          cause: "jwt-algorithm",
          make: () => forged({ alg: "None" }, () => "c2ln"),
        },
        "HS256 with the public key as the secret": {
          cause: "jwt-algorithm",
          make: () => {
            const pem = createPublicKey({ key: provider.publicKey(), format: "jwk" }).export({
              type: "spki",
              format: "pem",
            });
            const header = { alg: "HS256", kid: provider.publicKey().kid };
            return forged(header, (input) => createHmac("sha256", pem).update(input).digest("base64url"));
          },
        },
        "an algorithm that the organisation has not set": {
          cause: "jwt-algorithm",
          make: () => forged({ alg: "PS256", kid: provider.publicKey().kid }, () => "c2ln"),
        },
        "a signature by another's key under the same kid": {
          cause: "jwt-signature",
          make: () => stranger.sign({ iss: provider.settings.issuer }, { kid: provider.publicKey().kid }),
        },
        "a changed payload": {
          cause: "jwt-signature",
          make: async () => {
            const [header, , signature] = (await provider.sign()).split(".");
            const { issuer: iss, audience: aud } = provider.settings;
            return `${header}.${encoded({ iss, aud, exp: inSeconds(300), email: "root@example.com" })}.${signature}`;
          },
        },
        "no signature": {
          cause: "jwt-signature",
          make: async () => (await provider.sign()).replace(/[^.]*$/, ""),
        },
        "a kid that is not published": { cause: "jwt-key", make: () => provider.sign({}, { kid: "../../dev/null" }) },
        "another issuer": { cause: "jwt-issuer", make: () => provider.sign({ iss: stranger.settings.issuer }) },
        "an issuer that only begins alike": {
          cause: "jwt-issuer",
          make: () => provider.sign({ iss: `${provider.settings.issuer}/` }),
        },
        "no issuer": { cause: "jwt-issuer", make: () => provider.sign({ iss: undefined }) },
        "another audience": { cause: "jwt-audience", make: () => provider.sign({ aud: "another-app" }) },
        "no audience": { cause: "jwt-audience", make: () => provider.sign({ aud: undefined }) },
        "an end that is over": { cause: "jwt-expired", make: () => provider.sign({ exp: inSeconds(-31) }) },
        "no end": { cause: "jwt-claims", make: () => provider.sign({ exp: undefined }) },
        "an end that is a text": {
          cause: "jwt-claims",
          make: () => provider.sign({ exp: String(inSeconds(300)) }),
        },
        "a beginning that is to come": {
          cause: "jwt-not-yet-valid",
          make: () => provider.sign({ nbf: inSeconds(60) }),
        },
        "having been made in the future": {
          cause: "jwt-not-yet-valid",
          make: () => provider.sign({ iat: inSeconds(60) }),
        },
        "a logout token": { cause: "jwt-type", make: () => provider.sign({}, { typ: "logout+jwt" }) },
        "a critical extension that nobody knows": {
          cause: "jwt-malformed",
          make: () => forged({ alg: "RS256", kid: provider.publicKey().kid, crit: ["x"], x: 1 }, () => "c2ln"),
        },
      };
    for (const [what, { cause, make }] of Object.entries(refused)) {
      it(what, async () => expect(await verify(await make())).to.deep.equal({ cause }));
    }

    it("a key that the JWT brings itself", async () => {
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

    it("a place of keys that the JWT points at: nobody goes there", async () => {
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

    it("a key that is too weak, even where it is published", async () => {
      const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
      const jwk = { ...weak.publicKey.export({ format: "jwk" }), kid: "weak" };
      provider.answer((_req, res) => void res.end(JSON.stringify({ keys: [jwk] })));
      const jwt = forged({ alg: "RS256", kid: "weak" }, (input) =>
        signBytes("sha256", Buffer.from(input), weak.privateKey).toString("base64url"),
      );
      expect(await verify(jwt)).to.deep.equal({ cause: "jwt-malformed" });
      provider.answer();
    });
  });

  it("asks for no keys for what cannot be believed anyway", async () => {
    const before = provider.requests();
    for (const jwt of ["junk", forged({ alg: "none" }, () => ""), forged({ alg: "HS256" }, () => "c2ln")]) {
      await verify(jwt);
    }
    expect(provider.requests()).to.equal(before);
  });
});
