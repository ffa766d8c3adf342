import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { expect } from "chai";
import { errors } from "jose";
import { Jwks } from "../../../src/domain/tokens/jwks.ts";
import { type IdentityProvider, startIdentityProvider } from "../../support/identity-provider.ts";
import { refusalOf } from "../opened.ts";

const minutes = (count: number): number => count * 60_000;
const seconds = (count: number): number => count * 1000;

describe("Jwks", () => {
  let provider: IdentityProvider;
  let now: number;
  let jwks: Jwks;
  beforeEach(async () => {
    provider = await startIdentityProvider();
    now = 1_000_000;
    jwks = new Jwks({ allowPrivate: true }, () => now);
  });
  afterEach(() => provider.close());

  const keyOf = (kid = provider.publicKey().kid, organizationId = "org_a", uri = provider.settings.jwksUri) =>
    jwks.keyOf(organizationId, uri, { alg: "RS256", kid });
  const noKey = async (work: Promise<unknown>): Promise<void> => {
    const error: unknown = await work.catch((refused: unknown) => refused);
    expect(error).to.be.instanceOf(errors.JWKSNoMatchingKey);
  };

  describe("keeps the keys", () => {
    it("for ten minutes, and then reads them again", async () => {
      await keyOf();
      now += minutes(10) - 1;
      await keyOf();
      expect(provider.requests()).to.equal(1);
      now += 1;
      await keyOf();
      expect(provider.requests()).to.equal(2);
    });

    it("no longer than that where they cannot be read again", async () => {
      await keyOf();
      now += minutes(10);
      provider.answer((_req, res) => void res.writeHead(500).end());
      await refusalOf(keyOf(), "unavailable");
    });

    it("of each organisation by itself", async () => {
      await keyOf(undefined, "org_a");
      await keyOf(undefined, "org_b");
      expect(provider.requests()).to.equal(2);
    });

    it("of one address: another is asked at once", async () => {
      const other = await startIdentityProvider();
      await keyOf();
      await keyOf(other.publicKey().kid, "org_a", other.settings.jwksUri);
      await provider.rotate();
      await keyOf();
      expect([provider.requests(), other.requests()]).to.deep.equal([2, 1]);
      await other.close();
    });

    it("and reads them once for many who ask at the same time", async () => {
      await Promise.all(Array.from({ length: 30 }, () => keyOf()));
      expect(provider.requests()).to.equal(1);
    });
  });

  describe("an unknown kid", () => {
    it("is a new key: the keys are read again", async () => {
      await keyOf();
      await provider.rotate();
      now += seconds(30);
      await keyOf();
      expect(provider.requests()).to.equal(2);
    });

    it("does not let anybody have them read again more often than every 30 seconds", async () => {
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

  describe("the set", () => {
    const publish = (document: unknown): void => provider.answer((_req, res) => void res.end(JSON.stringify(document)));

    it("may hold keys that are not understood: they spoil no others", async () => {
      const key = provider.publicKey();
      const strange = [null, 5, "x", [], { kty: "oct", k: "AA", kid: "secret" }, { kty: "AKP" }, { kty: "RSA", n: 1 }];
      publish({ keys: [...strange, key, { ...key, kid: "for-encryption", use: "enc" }] });
      expect((await keyOf()).type).to.equal("public");
      await noKey(keyOf("secret"));
      await noKey(keyOf("for-encryption"));
    });

    it("needs a kid to choose by where several keys fit", async () => {
      publish({ keys: [provider.publicKey(), { ...provider.publicKey(), kid: "other" }] });
      const chosen: unknown = await jwks
        .keyOf("org_a", provider.settings.jwksUri, { alg: "RS256" })
        .catch((error: unknown) => error);
      expect(chosen).to.be.instanceOf(errors.JWKSMultipleMatchingKeys);
    });

    for (const [what, document] of Object.entries({
      "is a list": [],
      "has no keys": { key: [] },
      "has keys that are no list": { keys: { length: 1 } },
      "has more than a hundred keys": { keys: Array.from({ length: 101 }, () => ({ kty: "RSA" })) },
    })) {
      it(`is none when it ${what}`, async () => {
        publish(document);
        await refusalOf(keyOf(), "unavailable");
      });
    }
  });

  describe("an identity provider that cannot be read", () => {
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
    /** Accepts connections and says nothing. */
    const silent = async (): Promise<{ readonly uri: string; readonly port: number; connections(): number }> => {
      let connections = 0;
      const server = createServer((socket) => {
        connections++;
        socket.on("error", () => undefined).resume(); // who reads nothing never sees the other side go
      }).listen(0, "127.0.0.1");
      listening.push(server);
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      return { uri: `http://127.0.0.1:${port}/keys`, port, connections: () => connections };
    };
    const told = async (work: Promise<unknown>): Promise<string> => {
      const { message, details } = await refusalOf(work, "unavailable");
      return JSON.stringify({ message, details });
    };

    it("is told alike, whatever the cause", async () => {
      const closed = await startIdentityProvider();
      await closed.close();
      const causes: readonly (() => Promise<unknown>)[] = [
        () => keyOf(undefined, "org_1", closed.settings.jwksUri),
        () => keyOf(undefined, "org_2", "http://no-such-host.invalid/keys"),
        () => {
          provider.answer((_req, res) => void res.writeHead(404).end("not here"));
          return keyOf(undefined, "org_3");
        },
        () => {
          provider.answer((_req, res) => void res.end("<html>a private page</html>"));
          return keyOf(undefined, "org_4");
        },
        () => {
          provider.answer((req) => void req.socket.destroy());
          return keyOf(undefined, "org_5");
        },
      ];
      const messages = new Set<string>();
      for (const cause of causes) messages.add(await told(cause()));
      expect([...messages]).to.have.length(1);
      expect([...messages][0]).to.not.match(/127\.0\.0\.1|ECONN|404|html|ENOTFOUND/);
    });

    it("may switch to another protocol: nobody waits for what comes then", async () => {
      provider.answer((req) => {
        req.socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n");
      });
      await refusalOf(keyOf(), "unavailable");
    });

    it("is not asked again for 30 seconds, and after them is", async () => {
      provider.answer((_req, res) => void res.writeHead(500).end());
      for (let at = 0; at < 5; at++) await refusalOf(keyOf(), "unavailable");
      expect(provider.requests()).to.equal(1);
      provider.answer();
      now += seconds(30);
      await keyOf();
      expect(provider.requests()).to.equal(2);
    });

    it("may redirect wherever it likes: nobody follows", async () => {
      const target = await startIdentityProvider();
      for (const [at, status] of [301, 302, 303, 307, 308].entries()) {
        provider.answer((_req, res) => void res.writeHead(status, { location: target.settings.jwksUri }).end());
        await refusalOf(keyOf(undefined, `org_${at}`), "unavailable");
      }
      expect(target.requests()).to.equal(0);
      await target.close();
    });

    it("may send without end: it is cut off, and no more than a little beyond 256 KB is taken in", async () => {
      let sent: ServerResponse | undefined;
      provider.answer((_req, res) => {
        sent = res;
        endless(res);
      });
      const refused = await refusalOf(keyOf(), "unavailable");
      expect(String(refused.cause)).to.contain("bytes");
      if (!sent) throw new Error("it was not asked");
      if (!sent.destroyed) await once(sent, "close");
    });

    it("may be slow to answer, or drip: after 5 seconds it is given up", async () => {
      const { uri } = await silent();
      provider.answer((_req, res) => {
        const drip = setInterval(() => res.write(" "), 100);
        res.on("close", () => clearInterval(drip));
      });
      const [slow, dripping] = [keyOf(undefined, "org_slow", uri), keyOf(undefined, "org_dripping")];
      await Promise.all([refusalOf(slow, "unavailable"), refusalOf(dripping, "unavailable")]);
    });

    describe("without JWKS_ALLOW_PRIVATE", () => {
      const strict = (): Jwks => new Jwks({ allowPrivate: false });

      it("is not connected to at an address of this machine, however that is written", async () => {
        const { port, connections } = await silent();
        const hosts = [
          ...["127.0.0.1", "localhost", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.1"],
          ...["0.0.0.0", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]"],
          ...["[2002:7f00:1::]", "①②⑦.⓪.⓪.①"],
        ];
        for (const [at, host] of hosts.entries()) {
          const reading = strict().keyOf(`org_${at}`, `https://${host}:${port}/keys`, { alg: "RS256", kid: "k" });
          const refused = await refusalOf(reading, "unavailable");
          expect(String(refused.cause), host).to.match(/is not an address of the public internet/);
        }
        expect(connections()).to.equal(0);
      });

      it("is not connected to inside a network or at a cloud's metadata service", async () => {
        for (const host of [
          "10.1.2.3",
          "172.16.0.1",
          "192.168.0.1",
          "169.254.169.254",
          "[fd00:ec2::254]",
          "100.64.0.1",
        ]) {
          const reading = strict().keyOf("org", `https://${host}/keys`, { alg: "RS256", kid: "k" });
          expect(String((await refusalOf(reading, "unavailable")).cause), host).to.match(
            /not an address of the public/,
          );
        }
      });

      it("is not spoken plain HTTP to", async () => {
        const { uri, connections } = await silent();
        const refused = await refusalOf(strict().keyOf("org", uri, { alg: "RS256", kid: "k" }), "unavailable");
        expect(String(refused.cause)).to.contain("http:");
        expect(connections()).to.equal(0);
      });
    });
  });
});
