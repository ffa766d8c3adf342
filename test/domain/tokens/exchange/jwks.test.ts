import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { expect } from "chai";
import { errors } from "jose";
import { JwksCache } from "../../../../src/domain/tokens/exchange/jwks.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../support/identity-provider.ts";
import { expectRejection } from "../../domain.fixture.ts";
import { openGuardedHttp } from "../../outbound/guarded-http.fixture.ts";

const minutes = (count: number): number => count * 60_000;
const seconds = (count: number): number => count * 1000;

describe("JwksCache", () => {
  let provider: IdentityProvider;
  let now: number;
  let jwks: JwksCache;
  beforeEach(async () => {
    provider = await startIdentityProvider();
    now = 1_000_000;
    jwks = new JwksCache(openGuardedHttp({ allowsAll: true }), () => now);
  });
  afterEach(() => provider.close());

  const keyOf = (kid = provider.publicKey().kid, organizationId = "org_a", uri = provider.settings.jwksUri) =>
    jwks.findKey(organizationId, uri, { alg: "RS256", kid });
  const noKey = async (work: Promise<unknown>): Promise<void> => {
    const error: unknown = await work.catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(errors.JWKSNoMatchingKey);
  };

  describe("caching", () => {
    it("caches keys for ten minutes and then fetches them again", async () => {
      await keyOf();
      now += minutes(10) - 1;
      await keyOf();
      expect(provider.requests()).to.equal(1);
      now += 1;
      await keyOf();
      expect(provider.requests()).to.equal(2);
    });

    it("does not use expired keys if they cannot be fetched again", async () => {
      await keyOf();
      now += minutes(10);
      provider.respondWith((_req, res) => void res.writeHead(500).end());
      await expectRejection(keyOf(), "unavailable");
    });

    it("caches the keys of each organization separately", async () => {
      await keyOf(undefined, "org_a");
      await keyOf(undefined, "org_b");
      expect(provider.requests()).to.equal(2);
    });

    it("fetches at once from a changed URL", async () => {
      const other = await startIdentityProvider();
      await keyOf();
      await keyOf(other.publicKey().kid, "org_a", other.settings.jwksUri);
      await provider.rotate();
      await keyOf();
      expect([provider.requests(), other.requests()]).to.deep.equal([2, 1]);
      await other.close();
    });

    it("does not depend on the system time, which can be set", async () => {
      const systemNow = Date.now;
      let systemOffset = 0;
      Date.now = () => systemNow() + systemOffset;
      try {
        jwks = new JwksCache(openGuardedHttp({ allowsAll: true }));
        await keyOf();
        systemOffset = minutes(11);
        await keyOf();
        expect(provider.requests()).to.equal(1);
      } finally {
        Date.now = systemNow;
      }
    });

    it("fetches once for concurrent callers", async () => {
      await Promise.all(Array.from({ length: 30 }, () => keyOf()));
      expect(provider.requests()).to.equal(1);
    });
  });

  describe("an unknown kid", () => {
    it("causes another fetch, which finds a new key", async () => {
      await keyOf();
      await provider.rotate();
      now += seconds(30);
      await keyOf();
      expect(provider.requests()).to.equal(2);
    });

    it("causes at most one fetch every 30 seconds", async () => {
      await keyOf();
      for (let at = 0; at < 5; at++) await noKey(keyOf(`made-up-${at}`));
      expect(provider.requests()).to.equal(1);
      now += seconds(30);
      await Promise.all(Array.from({ length: 5 }, (_, at) => noKey(keyOf(`made-up-${at}`))));
      await noKey(keyOf("made-up"));
      expect(provider.requests()).to.equal(2);
      await keyOf();
    });
  });

  describe("JWKS document", () => {
    const publish = (document: unknown): void =>
      provider.respondWith((_req, res) => void res.end(JSON.stringify(document)));

    it("ignores keys that are not understood and uses the others", async () => {
      const key = provider.publicKey();
      const strange = [null, 5, "x", [], { kty: "oct", k: "AA", kid: "secret" }, { kty: "AKP" }, { kty: "RSA", n: 1 }];
      publish({ keys: [...strange, key, { ...key, kid: "for-encryption", use: "enc" }] });
      expect((await keyOf()).type).to.equal("public");
      await noKey(keyOf("secret"));
      await noKey(keyOf("for-encryption"));
    });

    it("rejects a JWT without kid if several keys match", async () => {
      publish({ keys: [provider.publicKey(), { ...provider.publicKey(), kid: "other" }] });
      const chosen: unknown = await jwks
        .findKey("org_a", provider.settings.jwksUri, { alg: "RS256" })
        .catch((error: unknown) => error);
      expect(chosen).to.be.instanceOf(errors.JWKSMultipleMatchingKeys);
    });

    for (const [description, document] of Object.entries({
      "is a list": [],
      "has no keys": { key: [] },
      "has keys that are not a list": { keys: { length: 1 } },
      "has more than a hundred keys": { keys: Array.from({ length: 101 }, () => ({ kty: "RSA" })) },
    })) {
      it(`is rejected when it ${description}`, async () => {
        publish(document);
        await expectRejection(keyOf(), "unavailable");
      });
    }
  });

  describe("an unavailable or hostile identity provider", () => {
    const endless = (res: ServerResponse): void => {
      const chunk = Buffer.alloc(65_536, 0x20);
      const write = (): void => {
        while (!res.destroyed && res.write(chunk));
      };
      res.on("drain", write);
      write();
    };
    const listening: Server[] = [];
    afterEach(() => {
      for (const server of listening.splice(0)) server.close();
    });
    /** Starts a server that accepts connections and never responds. */
    const silent = async (): Promise<{ readonly uri: string; readonly port: number; connections(): number }> => {
      let connections = 0;
      const server = createServer((socket) => {
        connections++;
        socket.on("error", () => undefined).resume(); // an unread socket never reports that the peer has closed it
      }).listen(0, "127.0.0.1");
      listening.push(server);
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      return { uri: `http://127.0.0.1:${port}/keys`, port, connections: () => connections };
    };
    const errorBody = async (work: Promise<unknown>): Promise<string> => {
      const { message, details } = await expectRejection(work, "unavailable");
      return JSON.stringify({ message, details });
    };

    it("is reported with the same error for every cause", async () => {
      const closed = await startIdentityProvider();
      await closed.close();
      const causes: readonly (() => Promise<unknown>)[] = [
        () => keyOf(undefined, "org_1", closed.settings.jwksUri),
        () => keyOf(undefined, "org_2", "http://no-such-host.invalid/keys"),
        () => {
          provider.respondWith((_req, res) => void res.writeHead(404).end("not here"));
          return keyOf(undefined, "org_3");
        },
        () => {
          provider.respondWith((_req, res) => void res.end("<html>a private page</html>"));
          return keyOf(undefined, "org_4");
        },
        () => {
          provider.respondWith((req) => void req.socket.destroy());
          return keyOf(undefined, "org_5");
        },
      ];
      const messages = new Set<string>();
      for (const cause of causes) messages.add(await errorBody(cause()));
      expect([...messages]).to.have.length(1);
      expect([...messages][0]).to.not.match(/127\.0\.0\.1|ECONN|404|html|ENOTFOUND/);
    });

    it("is reported as unavailable when it switches to another protocol", async () => {
      provider.respondWith((req) => {
        req.socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n");
      });
      await expectRejection(keyOf(), "unavailable");
    });

    it("is not requested again within 30 seconds", async () => {
      provider.respondWith((_req, res) => void res.writeHead(500).end());
      for (let at = 0; at < 5; at++) await expectRejection(keyOf(), "unavailable");
      expect(provider.requests()).to.equal(1);
      provider.respondWith();
      now += seconds(30);
      await keyOf();
      expect(provider.requests()).to.equal(2);
    });

    it("is not followed when it redirects", async () => {
      const target = await startIdentityProvider();
      for (const [at, status] of [301, 302, 303, 307, 308].entries()) {
        provider.respondWith((_req, res) => void res.writeHead(status, { location: target.settings.jwksUri }).end());
        await expectRejection(keyOf(undefined, `org_${at}`), "unavailable");
      }
      expect(target.requests()).to.equal(0);
      await target.close();
    });

    it("is disconnected when its response exceeds 256 KiB", async () => {
      let sent: ServerResponse | undefined;
      provider.respondWith((_req, res) => {
        sent = res;
        endless(res);
      });
      const error = await expectRejection(keyOf(), "unavailable");
      expect(String(error.cause)).to.contain("bytes");
      if (!sent) throw new Error("the identity provider was not requested");
      if (!sent.destroyed) await once(sent, "close");
    });

    it("times out after 5 seconds when it does not respond or responds byte by byte", async () => {
      const { uri } = await silent();
      provider.respondWith((_req, res) => {
        const drip = setInterval(() => res.write(" "), 100);
        res.on("close", () => clearInterval(drip));
      });
      const [slow, dripping] = [keyOf(undefined, "org_slow", uri), keyOf(undefined, "org_dripping")];
      await Promise.all([expectRejection(slow, "unavailable"), expectRejection(dripping, "unavailable")]);
    });

    describe("without JWKS_ALLOW_PRIVATE", () => {
      const strict = (): JwksCache => new JwksCache(openGuardedHttp({ allowsAll: false }));

      it("is not connected to at a loopback address in any notation", async () => {
        const { port, connections } = await silent();
        const hosts = [
          ...["127.0.0.1", "localhost", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.1"],
          ...["0.0.0.0", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]"],
          ...["[2002:7f00:1::]", "①②⑦.⓪.⓪.①"],
        ];
        for (const [at, host] of hosts.entries()) {
          const reading = strict().findKey(`org_${at}`, `https://${host}:${port}/keys`, { alg: "RS256", kid: "k" });
          const error = await expectRejection(reading, "unavailable");
          expect(String(error.cause), host).to.match(/is not a public address/);
        }
        expect(connections()).to.equal(0);
      });

      it("is not connected to at a private address or at a cloud's metadata service", async () => {
        for (const host of [
          "10.1.2.3",
          "172.16.0.1",
          "192.168.0.1",
          "169.254.169.254",
          "[fd00:ec2::254]",
          "100.64.0.1",
        ]) {
          const reading = strict().findKey("org", `https://${host}/keys`, { alg: "RS256", kid: "k" });
          expect(String((await expectRejection(reading, "unavailable")).cause), host).to.match(
            /is not a public address/,
          );
        }
      });

      it("is not connected to over plain HTTP", async () => {
        const { uri, connections } = await silent();
        const error = await expectRejection(strict().findKey("org", uri, { alg: "RS256", kid: "k" }), "unavailable");
        expect(String(error.cause)).to.contain("http:");
        expect(connections()).to.equal(0);
      });
    });
  });
});
