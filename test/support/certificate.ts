import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** The paths of the PEM files of a certificate and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/**
 * Creates a self-signed certificate for one day with openssl.
 * @param passphrase encrypts the key
 * @returns undefined, after printing the reason, if this machine has no openssl, so that the test must be skipped
 */
export async function createCertificate(
  directory: string,
  name: string,
  passphrase?: string,
): Promise<CertificateFiles | undefined> {
  const files = { cert: join(directory, `${name}.cert.pem`), key: join(directory, `${name}.key.pem`) };
  const base = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(" ");
  const encryption = passphrase === undefined ? ["-nodes"] : ["-passout", `pass:${passphrase}`];
  const subject = ["-days", "1", "-subj", `/CN=${name}`, "-keyout", files.key, "-out", files.cert];
  try {
    await promisify(execFile)("openssl", [...base, ...encryption, ...subject]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    process.stdout.write("    (skipped: this machine has no openssl to create a certificate)\n");
    return undefined;
  }
  return files;
}
