const stringSchema = { type: "string" };

/** The parameters that operations share, by component name. */
export const sharedParameters = {
  UserEmail: {
    name: "x-user-email",
    in: "header",
    description:
      "The `userName`, or the primary or only email address, of the user to act as. Required, except with a personal token, which always acts as its user.",
    schema: { type: "string", minLength: 1 },
  },
  IfMatch: {
    name: "If-Match",
    in: "header",
    description:
      "Performs the request only if the current version has one of these entity tags. Otherwise, returns 412.",
    schema: stringSchema,
    example: '"3"',
  },
  IfNoneMatch: {
    name: "If-None-Match",
    in: "header",
    description:
      "Performs the request only if the current version has none of these entity tags, or with `*`, only if the resource does not exist. Otherwise, a read returns 304 and a write returns 412.",
    schema: stringSchema,
    example: '"3"',
  },
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    description:
      "A key of 1 to 255 visible ASCII characters, such as a UUID, with or without quotes. For 24 hours, a request with the same key, credential and body returns what the first one returned. With another body it is 422.",
    schema: stringSchema,
    example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
  },
};

/** The headers of responses, by component name. */
export const sharedHeaders = {
  "Gatehouse-Dry-Run": {
    description: "`true` if the request was a dry run, which has changed nothing.",
    schema: stringSchema,
  },
  "Idempotent-Replayed": {
    description: "`true` if the response repeats that of an earlier request with the same `Idempotency-Key`.",
    schema: stringSchema,
  },
  "Gatehouse-Version": { description: "The version of the service.", schema: stringSchema },
  ETag: { description: "The entity tag of the version, or of the page, in the response.", schema: stringSchema },
  Location: { description: "The URL of the created resource.", schema: { type: "string", format: "uri" } },
  RateLimit: {
    description:
      "What remains of each rate limit (draft-ietf-httpapi-ratelimit-headers): `r` requests in the next `t` seconds.",
    schema: stringSchema,
  },
  "RateLimit-Policy": {
    description: "The rate limits that the request counts against: `q` requests in `w` seconds.",
    schema: stringSchema,
  },
  "X-Request-Id": { description: "Identifies the request in logs and audit events.", schema: stringSchema },
  "X-Token-Expires-At": {
    description: "When the token expires. Sent during the last 7 days before that.",
    schema: { type: "string", format: "date-time" },
  },
  "Retry-After": { description: "How many seconds to wait before retrying.", schema: { type: "integer" } },
  "WWW-Authenticate": {
    description: "The authentication scheme, and for 403 the scopes that are required (RFC 6750 section 3).",
    schema: stringSchema,
  },
};

export const securitySchemes = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "A token, sent as `Authorization: Bearer` or `Authorization: Api-Token`.",
  },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The same token." },
  clientSecret: {
    type: "http",
    scheme: "basic",
    description:
      "For `/oauth/token` only: the client id is the id of a token, and the client secret is the token itself.",
  },
  subjectToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "A JWT signed by the organization's identity provider. The credential is sent in `X-API-Key`.",
  },
};
