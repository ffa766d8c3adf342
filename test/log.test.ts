import { PassThrough } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
import { mintSecret } from "../src/domain/tokens/issue/format.ts";
import { AppError } from "../src/errors.ts";
import { createLog, type Log, type LogLevel, logLevels, redactText } from "../src/log.ts";

const secret = mintSecret("wxt");

/** Returns the output of a log. */
function capture(work: (log: Log) => void, level: LogLevel = "debug"): string {
  const stream = new PassThrough();
  work(createLog(level, stream));
  return stream.read()?.toString() ?? "";
}

/** Logs one line and parses it. */
function captureLine(fields: Readonly<Record<string, unknown>>, message = "event"): Record<string, unknown> {
  return JSON.parse(capture((log) => log.warn(message, fields)));
}

describe("createLog", () => {
  it("writes one JSON object a line, with level, message, time and fields", () => {
    const lines = capture((log) => {
      log.info("one", { port: 8080, ok: true, list: [1, "a"], nothing: null });
      log.error("two");
    })
      .trimEnd()
      .split("\n")
      .map((each) => JSON.parse(each));
    expect(lines).to.have.length(2);
    const [one, two] = lines;
    expect(one).to.deep.include({ level: "info", message: "one", port: 8080, ok: true, list: [1, "a"], nothing: null });
    expect(one.timestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(two).to.have.all.keys("level", "message", "timestamp");
  });

  for (const [at, level] of logLevels.entries()) {
    it(`writes only ${logLevels.slice(0, at + 1).join(", ")} at level ${level}`, () => {
      const lines = capture((log) => {
        for (const each of logLevels) log[each](each);
      }, level);
      expect([...lines.matchAll(/"message":"(\w+)"/g)].map(([, message]) => message)).to.deep.equal(
        logLevels.slice(0, at + 1),
      );
    });
  }

  it("escapes values so that none can forge a line", () => {
    const forged = 'x\r\n{"level":"error","message":"forged"}\u2028\u0000\u001b[2K';
    const text = capture((log) => log.info(forged, { path: forged, [forged]: forged, error: new Error(forged) }));
    expect(text.split("\n")).to.have.length(2);
    expect(text.endsWith("\n")).to.equal(true);
    for (const character of ["\r", "\0", "\u001b"]) expect(text).to.not.contain(character);
    expect(JSON.parse(text)).to.include({ level: "info", message: forged, path: forged });
  });
});

describe("createLog redaction", () => {
  const places: Readonly<Record<string, (log: Log) => void>> = {
    "the message": (log) => log.info(`token ${secret} used`),
    "a field": (log) => log.info("m", { anything: secret }),
    "a field's name": (log) => log.info("m", { nested: { [secret]: 1 } }),
    "a nested field": (log) => log.info("m", { a: { b: [{ c: `Bearer ${secret}` }] } }),
    "a URL": (log) => log.info("m", { url: `/x?access_token=${secret}&y=1` }),
    "a percent-encoded URL": (log) => log.info("m", { url: `/x?t=${secret.replace("_", "%5f")}` }),
    "the middle of a word": (log) => log.info("m", { id: `old_${secret}_copy`, other: `x${secret}x` }),
    "an error's message and stack": (log) => log.error("m", { cause: new Error(`with ${secret}`) }),
    "an error's cause": (log) => {
      log.error("m", { cause: new AppError("internal", "shown", {}, new Error("inner", { cause: `deep ${secret}` })) });
    },
    "an error's code": (log) => log.error("m", { error: Object.assign(new Error("m"), { code: secret }) }),
    "an error passed as the fields": (log) => log.error("m", new Error(secret) as unknown as Record<string, unknown>),
    "fields with the names of the log's own": (log) =>
      log.error("m", { message: secret, level: secret, timestamp: secret }),
  };
  for (const [place, work] of Object.entries(places)) {
    it(`removes a token from ${place}`, () => {
      const text = capture(work);
      expect(text).to.contain("[redacted]").and.not.contain(secret.slice(12));
    });
  }

  it("removes tokens with every prefix and keeps the surrounding string", () => {
    const prefix = fc.stringMatching(/^[a-z][a-z0-9]{1,7}$/);
    const around = fc.constantFrom("", " ", '"', "=", "/", "\n", "é", "(");
    fc.assert(
      fc.property(prefix, around, around, (name, before, after) => {
        expect(redactText(before + mintSecret(name) + after)).to.equal(`${before}[redacted]${after}`);
      }),
    );
  });

  it("removes the shortest secrets of each kind, with any text before and after", () => {
    const base62 = fc.stringMatching(/^[0-9A-Za-z]{1,8}$/);
    const fill = (text: string, length: number): string => text.repeat(length).slice(0, length);
    const kinds = fc.oneof(
      base62.map((text) => [`wxt_${fill(text, 39)}`, fill(text, 39)] as const),
      base62.map((text) => [`wxt%5F${fill(text, 39)}`, fill(text, 39)] as const),
      base62.map((text) => [`wxt%5f${fill(text, 39)}`, fill(text, 39)] as const),
      base62.map((text) => [`whsec_${fill(text, 32)}`, fill(text, 32)] as const),
      base62.map((text) => [`//u:pass-${text}@h`, `pass-${text}`] as const),
    );
    const around = fc.string({ maxLength: 60 }).map((text) => `${text} `);
    fc.assert(
      fc.property(kinds, around, around, ([written, secretPart], before, after) => {
        expect(redactText(`${before}${written}`)).to.not.contain(secretPart);
        expect(redactText(`${before}${written} ${after}`)).to.not.contain(secretPart);
      }),
    );
  });

  it("keeps ids, request ids and token prefixes", () => {
    const harmless = "tok_01JZZZZZZZZZZZZZZZZZZZZZZZ usr_01J00000000000000000000000 wxt_AbCdEfGh 0b7c-4f org_x";
    expect(redactText(harmless)).to.equal(harmless);
  });

  const secretNames = [
    ...["authorization", "Authorization", "proxy-authorization", "x-api-key", "X-API-Key", "apiKey", "cookie"],
    ...["set-cookie", "password", "secret", "token", "access_token", "accessToken", "refresh_token", "id_token"],
    ...["client_secret", "clientSecret", "auth_secret", "AUTH_SECRET", "authSecret", "TOKEN_PEPPER", "tokenPepper"],
  ];
  it("removes every value of a field with the name of a secret, at every depth", () => {
    for (const name of secretNames) {
      const { nested, ...logged } = captureLine({
        [name]: "hunter2",
        nested: { list: [{ [name]: { value: "hunter2" } }] },
      });
      expect(logged[name], name).to.equal("[redacted]");
      expect(nested, name).to.deep.equal({ list: [{ [name]: "[redacted]" }] });
    }
  });

  it("keeps fields with similar names", () => {
    const fields = { tokenId: "tok_1", tokens: 3, prefix: "wxt_AbCd", cookies: 0, passwordChanged: true };
    expect(captureLine(fields)).to.deep.include(fields);
  });

  it("removes the user name and password from URLs, also a password with unencoded characters", () => {
    for (const [url, host] of [
      ["mongodb://ada:hunter2@db1:27017,db2/gate?replicaSet=rs0", "db1:27017,db2/gate?replicaSet=rs0"],
      ["mongodb+srv://ada:hunter2@db.example/gate", "db.example/gate"],
      ["mongodb://ada:hunter2@hunter2@db/gate", "db/gate"],
      ["mongodb://ada:hunter2/hunter2@db/gate", "db/gate"],
      ["https://:hunter2@id.example/x", "id.example/x"],
      ["https://hunter2@id.example/x", "id.example/x"],
    ] as const) {
      const text = capture((log) => log.error(`no ${url} there`, { cause: new Error(url), url }));
      expect(text, url).to.not.contain("hunter2");
      expect(text).to.contain(`[redacted]@${host}`);
    }
    expect(redactText("https://id.example/a@b c//d")).to.equal("https://id.example/a@b c//d");
  });

  it("writes deep, circular and densely linked objects as one line of bounded length", () => {
    const circular: Record<string, unknown> = { name: "x" };
    circular["self"] = circular;
    let deep: unknown = secret;
    for (let depth = 0; depth < 10_000; depth++) deep = { deep };
    const nodes: Record<string, unknown>[] = Array.from({ length: 60 }, () => ({}));
    for (const node of nodes) Object.assign(node, Object.fromEntries(nodes.map((other, at) => [`to${at}`, other])));
    const error = new Error("its own cause");
    error.cause = error;
    const wide = Array.from({ length: 100_000 }, () => secret);
    const text = capture((log) =>
      log.error("all", { circular, deep, node: nodes[0], error, wide, buffer: Buffer.alloc(1e5) }),
    );
    expect(JSON.parse(text)).to.include({ message: "all", level: "error" });
    expect(text.length).to.be.lessThan(1_000_000);
    expect(text).to.not.contain(secret.slice(12));
  });

  it("takes linear time for a long string", () => {
    const long = [
      `${"a".repeat(200_000)}_`,
      "//".repeat(100_000),
      "a_".repeat(100_000),
      `mongodb://${"x:".repeat(100_000)}`,
    ];
    for (const text of long) expect(redactText(text)).to.equal(text);
  });

  it("writes values of every type", () => {
    const values = {
      undefined,
      nan: Number.NaN,
      big: 10n,
      symbol: Symbol("x"),
      work: () => 1,
      date: new Date(0),
      map: new Map(),
    };
    expect(captureLine(values)).to.include({ message: "event" });
    expect(captureLine({ nothing: Object.create(null) })).to.deep.include({ nothing: {} });
  });
});
