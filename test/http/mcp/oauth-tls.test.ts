import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import { type CertificateFiles, createCertificate } from "../../support/certificate.ts";
import { type OAuthGateway, startOAuthGateway } from "./oauth.fixture.ts";

describe("OAuth 2.0 with an authorization server that uses HTTPS", () => {
  let directory: string;
  let certificate: CertificateFiles;
  let gateway: OAuthGateway;
  before(async function () {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-oauth-"));
    const files = await createCertificate(directory, "localhost");
    if (!files) return this.skip();
    certificate = files;
  });
  after(() => rm(directory, { recursive: true }));
  afterEach(() => gateway?.dispose());

  /** `localhost` may have both addresses. */
  const start = async (more: Readonly<Record<string, string>>): Promise<void> => {
    const environment = { UPSTREAM_ALLOW: "127.0.0.0/8,::1", ...more };
    gateway = await startOAuthGateway(openSqliteTestStore, { certificate, environment });
  };

  it("connects, refreshes and disconnects with the authority in UPSTREAM_CA_FILE", async () => {
    await start({ UPSTREAM_CA_FILE: certificate.cert });
    await gateway.connect(gateway.ada);
    expect(await gateway.call(gateway.ada)).to.equal('{"a":1}');
    gateway.advance(550_000);
    expect(await gateway.call(gateway.ada)).to.equal('{"a":1}');
    expect(gateway.provider.refreshes()).to.equal(1);
    expect((await gateway.api(gateway.ada, "DELETE", "")).status).to.equal(204);
  });

  it("sends neither the code nor the client secret to a server whose certificate is unknown", async () => {
    await start({});
    const { status } = await gateway.browse(await gateway.authorize(gateway.ada), "POST");
    expect(status).to.equal(400);
    expect(gateway.provider.received).to.deep.equal([]);
    expect((await gateway.api(gateway.ada, "GET", "")).body.status).to.not.equal("connected");
  });
});
