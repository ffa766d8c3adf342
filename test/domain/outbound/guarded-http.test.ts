import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { AddressGuard } from "../../../src/domain/outbound/address-guard.ts";
import { readCertificateAuthorities } from "../../../src/domain/outbound/certificate-authorities.ts";
import { GuardedHttp } from "../../../src/domain/outbound/guarded-http.ts";
import { StartupError } from "../../../src/errors.ts";
import { createCertificate } from "../../support/certificate.ts";

describe("GuardedHttp", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-ca-"));
  });
  after(() => rm(directory, { recursive: true }));

  it("trusts the certificates of UPSTREAM_CA_FILE, and no unknown ones", async function () {
    const files = await createCertificate(directory, "localhost");
    if (!files) return this.skip();
    const [cert, key] = [await readFile(files.cert), await readFile(files.key)];
    const server = createServer({ cert, key }, (_req, res) => void res.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = new URL(`https://localhost:${(server.address() as AddressInfo).port}/`);
    const guard = new AddressGuard({ allowedRanges: ["127.0.0.1", "::1"] });
    const send = async (http: GuardedHttp): Promise<unknown> => {
      const request = { method: "GET", headers: {}, signal: AbortSignal.timeout(60_000) } as const;
      const outcome = await http.send(url, request).then(
        (response) => response.resume().statusCode,
        (error: { code?: unknown }) => error.code,
      );
      http.close();
      return outcome;
    };
    expect(await send(new GuardedHttp(guard, { keepAlive: true }))).to.equal("DEPTH_ZERO_SELF_SIGNED_CERT");
    const ca = readCertificateAuthorities(files.cert);
    expect(await send(new GuardedHttp(guard, { keepAlive: true, ca }))).to.equal(200);
    server.close();
  });

  it("stops the start when UPSTREAM_CA_FILE has no certificate", () => {
    for (const path of [join(directory, "missing"), import.meta.filename]) {
      expect(() => readCertificateAuthorities(path)).to.throw(StartupError, "UPSTREAM_CA_FILE");
    }
  });
});
