import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { StartupError } from "../../errors.ts";

/**
 * Reads the certificates of further authorities from a PEM file.
 * @throws StartupError when the file cannot be read or has no certificate
 */
export function readCertificateAuthorities(path: string): string {
  try {
    const pem = readFileSync(path, "utf8");
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new StartupError("UPSTREAM_CA_FILE has no PEM certificate. Set it to the certificates of your authority.");
  }
}
