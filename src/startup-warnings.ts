/** The settings that are checked; `Config` has them. */
export interface CheckedSettings {
  readonly host: string;
  readonly hasPublicUrl: boolean;
  readonly tls?: object;
  readonly trustProxy: readonly string[];
  readonly authSecret?: string;
}

/**
 * Finds settings that are valid and probably wrong. Each is one line in the log at the start; none stops it.
 * @returns a sentence for each: the problem, then the fix, without values
 */
export function findStartupWarnings(settings: CheckedSettings): readonly string[] {
  const { host, hasPublicUrl, tls, trustProxy, authSecret } = settings;
  const isRemote = !isLoopback(host);
  return [
    ...(isRemote && !hasPublicUrl
      ? [
          "PUBLIC_URL is not set, so that locations in responses begin with HOST and PORT. Set it to the URL that clients use.",
        ]
      : []),
    ...(isRemote && !tls && trustProxy.length === 0
      ? [
          "Other machines can connect without TLS, and no proxy is trusted: tokens can be read on the network, or every request has the address of the proxy. Set TLS_CERT and TLS_KEY, or TRUST_PROXY to the addresses of the proxy that terminates TLS.",
        ]
      : []),
    ...(authSecret !== undefined && isGuessable(authSecret)
      ? [
          'AUTH_SECRET is easy to guess, because it repeats characters or follows a sequence. Set it to random characters, for example the output of "openssl rand -hex 32".',
        ]
      : []),
  ];
}

const isLoopback = (host: string): boolean => /^(127\.\d+\.\d+\.\d+|::1|localhost)$/i.test(host);

/**
 * The least numbers of different pairs of neighboring characters, and of different distances between them. 32 random
 * digits, the weakest random secret that is long enough, have fewer in one of a million cases; a repeated word and a
 * sequence always have.
 */
const pairsMin = 16;
const distancesMin = 7;

/** Whether a secret repeats a few characters or words, or follows a sequence such as `abcdef` or `123456`. */
function isGuessable(secret: string): boolean {
  const indexes = Array.from({ length: secret.length - 1 }, (_, at) => at);
  const pairs = new Set(indexes.map((at) => secret.slice(at, at + 2)));
  const distances = new Set(indexes.map((at) => secret.charCodeAt(at + 1) - secret.charCodeAt(at)));
  return pairs.size < pairsMin || distances.size < distancesMin;
}
