import { request } from "node:http";
import { expect } from "chai";
import { type Service, startService } from "../../support/service.ts";

/** Sends a request from a chosen address of this machine, with chosen X-Forwarded-For lines. */
function sendRequest(
  service: Service,
  secret: string,
  { from = "127.0.0.1", to = "127.0.0.1", forwarded = [] }: RequestOptions,
): Promise<{ status: number | undefined; text: string; challenge: string | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = ["Authorization", `Bearer ${secret}`, ...forwarded.flatMap((line) => ["X-Forwarded-For", line])];
    const options = { host: to, port: service.port, path: "/api/whoami", localAddress: from, agent: false };
    request({ ...options, headers: ["Host", "gatehouse.example", ...headers] }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode, text, challenge: response.headers["www-authenticate"] }),
      );
    })
      .on("error", reject)
      .end();
  });
}

interface RequestOptions {
  readonly from?: string;
  readonly to?: string;
  readonly forwarded?: readonly string[];
}

/** Whether the service sees the caller at this address: only then a token bound to it is accepted. */
async function isSeenAs(service: Service, address: string, requestOptions: RequestOptions): Promise<boolean> {
  const { secret } = await service.issueToken({ scopes: ["connect:read"], allowedIps: [address] });
  const { status } = await sendRequest(service, secret, requestOptions);
  expect(status).to.be.oneOf([200, 403]);
  return status === 200;
}

describe("allowedIps behind TRUST_PROXY", () => {
  const chain = ["6.6.6.6, 203.0.113.7"];
  const table: readonly {
    readonly proxies: string | undefined;
    readonly rows: readonly (RequestOptions & {
      readonly is: string;
      readonly isNot?: string;
      readonly what: string;
    })[];
  }[] = [
    {
      proxies: undefined,
      rows: [
        { what: "without X-Forwarded-For", is: "127.0.0.1" },
        { what: "with X-Forwarded-For", forwarded: chain, is: "127.0.0.1", isNot: "203.0.113.7" },
        { what: "with a spoofed one", forwarded: ["6.6.6.6"], is: "127.0.0.1", isNot: "6.6.6.6" },
      ],
    },
    {
      proxies: "127.0.0.1",
      rows: [
        { what: "through the proxy", forwarded: ["203.0.113.7"], is: "203.0.113.7", isNot: "127.0.0.1" },
        { what: "spoofing, through the proxy", forwarded: chain, is: "203.0.113.7", isNot: "6.6.6.6" },
        { what: "spoofing in a line of its own", forwarded: ["6.6.6.6", "203.0.113.7"], is: "203.0.113.7" },
        { what: "spoofing the proxy", forwarded: ["6.6.6.6, 203.0.113.7, 127.0.0.1"], is: "203.0.113.7" },
        { what: "with its port", forwarded: ["6.6.6.6, 203.0.113.7:51234"], is: "203.0.113.7" },
        { what: "of IPv6", forwarded: ["6.6.6.6, 2001:db8::7"], is: "2001:db8::7" },
        { what: "of IPv6 with its port", forwarded: ["[2001:db8::7]:51234"], is: "2001:db8::7" },
        { what: "of IPv4 in its IPv6 form", forwarded: ["::ffff:203.0.113.7"], is: "203.0.113.7" },
        { what: "of IPv4 in its IPv6 form, in hexadecimal", forwarded: ["::ffff:cb00:7107"], is: "203.0.113.7" },
        {
          what: "past the proxy",
          from: "127.0.0.2",
          forwarded: ["203.0.113.7"],
          is: "127.0.0.2",
          isNot: "203.0.113.7",
        },
      ],
    },
    {
      proxies: "127.0.0.0/31,10.0.0.0/8",
      rows: [
        { what: "through two proxies", forwarded: ["6.6.6.6, 203.0.113.7, 10.0.0.2"], is: "203.0.113.7" },
        { what: "past them", from: "127.0.0.2", forwarded: ["203.0.113.7, 10.0.0.2"], is: "127.0.0.2" },
      ],
    },
  ];
  for (const { proxies, rows } of table) {
    describe(proxies === undefined ? "that is not set" : `that names ${proxies}`, () => {
      let service: Service;
      before(async () => {
        service = await startService({ environment: { TRUST_PROXY: proxies } });
      });
      after(() => service.dispose());

      for (const { what, is, isNot, ...requestOptions } of rows) {
        it(`takes the address of a caller ${what} to be ${is}`, async () => {
          expect(await isSeenAs(service, is, requestOptions)).to.equal(true);
          for (const other of [isNot ?? "6.6.6.6", "198.51.100.0/24"]) {
            expect(await isSeenAs(service, other, requestOptions), other).to.equal(false);
          }
        });
      }
    });
  }

  it("rejects a forwarded value that is no address", async () => {
    const service = await startService({ environment: { TRUST_PROXY: "127.0.0.1" } });
    try {
      for (const forwarded of ["unknown", "203.0.113", "fe80::1%eth0", "203.0.113.7:51234:1", "_hidden", ","]) {
        const { secret } = await service.issueToken({
          scopes: ["connect:read"],
          allowedIps: ["203.0.113.0/24", "fe80::/10"],
        });
        expect((await sendRequest(service, secret, { forwarded: [forwarded] })).status, forwarded).to.equal(403);
      }
    } finally {
      await service.dispose();
    }
  });

  it("sees IPv4 callers as IPv4 if it listens on IPv6 too", async function () {
    const service = await startService({ host: "::" }).catch((error: Error) => error);
    if (service instanceof Error) {
      process.stdout.write(`    (skipped: this machine has no IPv6: ${service.message})\n`);
      return this.skip();
    }
    try {
      expect(await isSeenAs(service, "127.0.0.0/8", {})).to.equal(true);
      expect(await isSeenAs(service, "::1", { from: "::1", to: "::1" })).to.equal(true);
      expect(await isSeenAs(service, "127.0.0.0/8", { from: "::1", to: "::1" })).to.equal(false);
    } finally {
      await service.dispose();
    }
  });
});

describe("A token used from an address outside allowedIps", () => {
  let service: Service;
  before(async () => {
    service = await startService({ environment: { RATE_LIMIT: "failures=5/86400" } });
  });
  after(() => service.dispose());

  it("returns 403 without a challenge, in the error format of each API", async () => {
    const { secret } = await service.issueToken({ scopes: ["all"], allowedIps: ["203.0.113.7"] });
    const detail = "The credential is not allowed from this IP address.";
    const api = await service.clientWithSecret(secret).get("/api/whoami").expect(403);
    expect(JSON.parse(api.text)).to.deep.include({ type: "urn:gatehouse:problem:ip-not-allowed", status: 403, detail });
    const scim = await service.clientWithSecret(secret).get("/scim/v2/Users").expect(403);
    expect(JSON.parse(scim.text)).to.deep.include({ status: "403", detail });
    for (const { headers } of [api, scim]) expect(headers).to.not.have.property("www-authenticate");
  });

  it("counts as a failed authentication, which does not limit the token at an allowed address", async () => {
    const { secret } = await service.issueToken({ scopes: ["connect:read"], allowedIps: ["127.0.0.1"] });
    const statuses = [];
    for (let count = 0; count < 6; count++) {
      statuses.push((await sendRequest(service, secret, { from: "127.0.0.2" })).status);
    }
    expect(statuses).to.deep.equal([403, 403, 403, 403, 403, 429]);
    await service.clientWithSecret(secret).get("/api/whoami").expect(200);
  });

  it("performs no part of the request", async () => {
    const { secret } = await service.issueToken({ scopes: ["all"], allowedIps: ["203.0.113.7"] });
    await service
      .clientWithSecret(secret)
      .post("/scim/v2/Users")
      .send({ schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: "ada" })
      .expect((response) => expect(response.status).to.be.oneOf([403, 429]));
    const all = await (await service.clientWithScopes(["admin:scim"])).get("/scim/v2/Users").expect(200);
    expect(JSON.parse(all.text).totalResults).to.equal(0);
  });
});
