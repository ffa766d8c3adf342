import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { StartupError } from "../../errors.ts";

/** A certificate (chain) and its key in PEM format. */
export interface TlsCertificate {
  readonly cert: string;
  readonly key: string;
}

/** The paths of the PEM files, from TLS_CERT and TLS_KEY. */
export interface CertificatePaths {
  readonly certPath: string;
  readonly keyPath: string;
}

/**
 * Reads and checks a certificate and its key.
 * @throws StartupError with the reason and the fix when the files cannot be used together
 */
export function readCertificate({ certPath, keyPath }: CertificatePaths): TlsCertificate {
  const tls = { cert: readPem("TLS_CERT", certPath), key: readPem("TLS_KEY", keyPath) };
  try {
    // An empty file would be ignored, and no client could connect.
    new X509Certificate(tls.cert);
    createPrivateKey(tls.key);
    createSecureContext(tls);
  } catch (error) {
    throw new StartupError(describeError(tls, (error as NodeJS.ErrnoException).code));
  }
  return tls;
}

/**
 * Describes why clients will reject a certificate at this time.
 * @param now the time at which it is used
 * @returns one sentence with the fix; undefined if the time is within the validity period
 */
export function findValidityProblem({ cert }: TlsCertificate, now = new Date()): string | undefined {
  const { validFrom, validTo } = new X509Certificate(cert);
  if (now > new Date(validTo)) return `TLS_CERT has expired (${toDay(validTo)}). Renew it, then send SIGHUP.`;
  if (now < new Date(validFrom)) return `TLS_CERT is not valid before ${toDay(validFrom)}. Check the clock.`;
  return undefined;
}

function readPem(name: "TLS_CERT" | "TLS_KEY", path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(`${name} cannot be read (${code}). Set it to the path of a readable PEM file.`);
  }
}

function describeError({ cert, key }: TlsCertificate, code: string | undefined): string {
  const isEncrypted = /^-----BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m.test(key);
  if (isEncrypted && cert.includes("-----BEGIN CERTIFICATE-----"))
    return "TLS_KEY is encrypted with a passphrase, which is not supported. Decrypt it, for example with openssl pkey.";
  if (code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH")
    return "TLS_KEY is not the key of the certificate in TLS_CERT. Set them to the paths of two PEM files that belong together.";
  return `TLS_CERT and TLS_KEY do not contain a PEM certificate and its key (${code}). Set them to the paths of two PEM files that belong together.`;
}

/** `Nov 29 06:00:00 2026 GMT` -> `2026-11-29` */
const toDay = (date: string): string => new Date(date).toISOString().slice(0, 10);
