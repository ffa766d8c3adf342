/** One environment variable: its purpose and its default. The table in the README repeats these texts. */
export interface Setting {
  readonly description: string;
  readonly defaultValue: string;
}

/** All settings, in the order of the README. */
export const settings = {
  HOST: { description: "address to listen on", defaultValue: "127.0.0.1" },
  PORT: { description: "port to listen on", defaultValue: "8080" },
  PUBLIC_URL: {
    description: "base URL of locations in responses, as clients reach the service; default: HOST and PORT",
    defaultValue: "",
  },
  DATA_DIR: { description: "directory of the embedded database", defaultValue: "./data" },
  MONGODB_URI: { description: "MongoDB replica set to use instead of the embedded database", defaultValue: "" },
  CACHE: { description: "`on`, or `off` to read everything from the database", defaultValue: "on" },
  AUTH_SECRET: {
    description: "fixed credential with full access to the default organization, 32 characters or more",
    defaultValue: "",
  },
  GATEHOUSE_BOOTSTRAP_TOKEN_FILE: {
    description: "path of a file to create with the first token, instead of printing it",
    defaultValue: "",
  },
  TOKEN_PREFIX: { description: "prefix of tokens: 2 to 8 lowercase letters or digits", defaultValue: "wxt" },
  TOKEN_PEPPER: {
    description: "key of the token hashes, stored outside the database, 16 characters or more",
    defaultValue: "",
  },
  TOKEN_MAX_TTL_DAYS: { description: "maximum lifetime of a new token, in days", defaultValue: "" },
  OAUTH_TOKEN_SECONDS: {
    description: "lifetime of an access token of `/oauth/token`, in seconds, 300 to 21600",
    defaultValue: "3600",
  },
  AUDIT_RETENTION_DAYS: { description: "retention of audit events, in days; default: indefinite", defaultValue: "" },
  USER_CONTENT_MAX_MIB: {
    description:
      "maximum size of all catalog resources that one user owns, in MiB (2^20 characters of JSON), 1 to 4096",
    defaultValue: "32",
  },
  ORGANIZATION_CONTENT_MAX_MIB: {
    description: "maximum size of all catalog resources of an organization, in MiB, 1 to 1048576",
    defaultValue: "4096",
  },
  JWKS_ALLOW_PRIVATE: {
    description: "`true` allows keys of identity providers at private addresses and over plain HTTP",
    defaultValue: "false",
  },
  CREDENTIAL_KEY: {
    description:
      "key that encrypts credentials of MCP servers, secrets of webhooks and client secrets of the sign-in to the console, 32 bytes in base64; needed to store any",
    defaultValue: "",
  },
  CREDENTIAL_KEYS_PREVIOUS: {
    description: "comma-separated previous values of CREDENTIAL_KEY, which still decrypt",
    defaultValue: "",
  },
  UPSTREAM_ALLOW: {
    description:
      "comma-separated addresses or CIDR ranges of MCP servers, authorization servers, webhooks and OpenID Providers of the sign-in to the console that need not be public nor use HTTPS",
    defaultValue: "",
  },
  UPSTREAM_CA_FILE: {
    description: "path of PEM certificates of further authorities for the certificates of the same servers",
    defaultValue: "",
  },
  TRUST_PROXY: { description: "comma-separated addresses or CIDR ranges of trusted proxies", defaultValue: "" },
  RATE_LIMIT: {
    description: "`off`, or changes to these limits, each as requests/seconds or `off`",
    defaultValue: [
      ...["scim=500/10", "api=3000/60", "connect=100/60", "connect-organization=1000/3600"],
      ...["mcp=100/60", "mcp-organization=1000/3600", "failures=300/60", "webhook-tests=10/60"],
      "server-refreshes=30/60",
    ].join(","),
  },
  CORS_ORIGINS: {
    description: "comma-separated origins of web pages that may use a user's view of `/api`",
    defaultValue: "",
  },
  MCP_ALLOWED_ORIGINS: {
    description: "comma-separated origins of web pages that may use `/mcp`, besides that of PUBLIC_URL",
    defaultValue: "",
  },
  MCP_ALLOWED_HOSTS: {
    description: "comma-separated host names under which `/mcp` may be requested, besides that of PUBLIC_URL",
    defaultValue: "",
  },
  MCP_AUDIT_ARGUMENTS: {
    description:
      "what the audit log records of the arguments of tool calls: `none`, `keys`, or `full` with masked secrets",
    defaultValue: "none",
  },
  CONSOLE: {
    description: "`on` serves the console for administrators at `/console`, `off` does not",
    defaultValue: "on",
  },
  LOG_LEVEL: { description: "`error`, `warn`, `info` or `debug`", defaultValue: "info" },
  ACCESS_LOG: {
    description: "`on` writes a JSON line for each request to standard output, `off` writes none",
    defaultValue: "on",
  },
  AUDIT_LOG: {
    description: "`json` or `syslog` (RFC 5424) writes a line for each audit event to standard output, `off` none",
    defaultValue: "off",
  },
  METRICS_PORT: {
    description:
      "port that serves `GET /metrics` for Prometheus, without a credential; without it there are no metrics",
    defaultValue: "",
  },
  METRICS_HOST: { description: "address to listen on for METRICS_PORT", defaultValue: "127.0.0.1" },
  TLS_CERT: {
    description: "path of a PEM certificate (chain); with TLS_KEY, the service uses HTTPS",
    defaultValue: "",
  },
  TLS_KEY: { description: "path of the PEM key of TLS_CERT", defaultValue: "" },
} as const satisfies Record<string, Setting>;

/** The name of an environment variable. */
export type SettingName = keyof typeof settings;
