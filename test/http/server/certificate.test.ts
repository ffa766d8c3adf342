import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { StartupError } from "../../../src/errors.ts";
import { findValidityProblem, readCertificate } from "../../../src/http/server/certificate.ts";
import { type CertificateFiles, createCertificate } from "../../support/certificate.ts";

describe("readCertificate", () => {
  let directory: string;
  let first: CertificateFiles;
  let other: CertificateFiles;
  before(async function () {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-certificate-"));
    const created = [await createCertificate(directory, "first"), await createCertificate(directory, "other")] as const;
    if (!created[0] || !created[1]) return this.skip();
    [first, other] = created as readonly [CertificateFiles, CertificateFiles];
  });
  after(() => rm(directory, { recursive: true, force: true }));
  const read = ({ cert, key }: CertificateFiles) => readCertificate({ certPath: cert, keyPath: key });

  it("reads a certificate and its key", () => {
    expect(read(first).cert).to.contain("BEGIN CERTIFICATE");
  });

  it("rejects a key that belongs to another certificate", () => {
    expect(() => read({ cert: first.cert, key: other.key })).to.throw(StartupError, "TLS_KEY is not the key of");
  });

  it("rejects a key with a passphrase, and names how to decrypt it", async () => {
    const encrypted = await createCertificate(directory, "encrypted", "correct horse");
    if (!encrypted) throw new Error("openssl has created the other certificates");
    expect(() => read(encrypted)).to.throw(StartupError, /TLS_KEY is encrypted .* openssl pkey/);
  });

  it("rejects an empty file and a file that is not PEM", async () => {
    for (const content of ["", "notes"]) {
      const path = join(directory, "wrong.pem");
      await writeFile(path, content);
      expect(() => read({ ...first, cert: path })).to.throw(StartupError, "do not contain a PEM certificate");
      expect(() => read({ ...first, key: path })).to.throw(StartupError, "do not contain a PEM certificate");
    }
  });

  it("names the setting whose file is missing or a directory", () => {
    expect(() => read({ ...first, cert: join(directory, "nowhere") })).to.throw(
      StartupError,
      "TLS_CERT cannot be read (ENOENT)",
    );
    expect(() => read({ ...first, key: directory })).to.throw(StartupError, "TLS_KEY cannot be read (EISDIR)");
  });

  it("finds a certificate that has expired or is not valid yet", () => {
    const day = 86_400_000;
    const certificate = read(first);
    expect(findValidityProblem(certificate)).to.equal(undefined);
    expect(findValidityProblem(certificate, new Date(Date.now() + 2 * day))).to.match(/^TLS_CERT has expired \(\d{4}-/);
    expect(findValidityProblem(certificate, new Date(Date.now() - day))).to.contain("TLS_CERT is not valid before");
  });
});
