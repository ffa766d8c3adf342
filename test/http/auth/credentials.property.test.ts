import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { readCredential } from "../../../src/http/auth/credentials.ts";

const names = [
  "access_token",
  "token",
  "apikey",
  "api_key",
  "api-key",
  "apitoken",
  "api_token",
  "x-api-key",
  "authorization",
];

/** A name as a client may write it: each letter plain, in upper case, or percent-encoded. */
const written = (name: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  name.chain((text) =>
    fc
      .tuple(...Array.from(text, () => fc.nat(3)))
      .map((ways) =>
        Array.from(text, (letter, at) =>
          ways[at] === 0 ? `%${letter.charCodeAt(0).toString(16)}` : ways[at] === 1 ? letter.toUpperCase() : letter,
        ).join(""),
      ),
  );

const parameter = fc
  .tuple(
    fc.oneof(
      written(fc.constantFrom(...names, "tokens", "my_token", "filter", "count")),
      fc.constantFrom("", "%", "%zz", "%ff", "?token", "+token", "token+", "token[]", "tok%00en", "%3ftoken"),
    ),
    fc.constantFrom("", "=", "=1", "=a=b", "=%26token"),
  )
  .map((parts) => parts.join(""));

describe("A token in the query", () => {
  it("is rejected under every known parameter name and encoding, and no other parameter is", () => {
    fc.assert(
      fc.property(fc.array(parameter, { maxLength: 4 }), (parameters) => {
        const query = parameters.join("&");
        const request = { url: `/scim/v2/Users?${query}`, headers: {}, headersDistinct: {} };
        const decoded = [...new URLSearchParams(`&${query}`).keys()].map((name) => name.toLowerCase());
        const pass = (): unknown => readCredential(request as unknown as IncomingMessage);
        if (decoded.some((name) => names.includes(name))) expect(pass).to.throw(AppError, /not accepted in the URL/);
        else expect(pass).to.not.throw();
      }),
    );
  });
});
