import type { TokenExchanges } from "../domain/tokens/exchange/exchange.ts";
import type { TokenVerifier } from "../domain/tokens/verify/token-verifier.ts";
import type { SpanRecorder } from "./span-recorder.ts";

export type Verifier = Pick<TokenVerifier, "verify" | "reject" | "rejectClientId">;
export type Exchanges = Pick<TokenExchanges, "exchange" | "refresh">;

/** Returns a verifier whose checks are recorded, with the reads of the store that they need. */
export const traceVerifier = (recorder: SpanRecorder, verifier: Verifier): Verifier => ({
  verify: (secret, source) => recorder.run("verify token", {}, () => verifier.verify(secret, source)),
  reject: (...args) => verifier.reject(...args),
  rejectClientId: (...args) => verifier.rejectClientId(...args),
});

/** Returns exchanges that are recorded. */
export const traceExchanges = (recorder: SpanRecorder, exchanges: Exchanges): Exchanges => ({
  exchange: (caller, jwt) => recorder.run("exchange token", {}, () => exchanges.exchange(caller, jwt)),
  refresh: (caller, token) => recorder.run("refresh token", {}, () => exchanges.refresh(caller, token)),
});
