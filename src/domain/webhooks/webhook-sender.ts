import { RejectedAddressError } from "../outbound/address-guard.ts";
import { readBoundedBody } from "../outbound/bounded-body.ts";
import type { GuardedHttp } from "../outbound/guarded-http.ts";
import { toSignedHeaders, type WebhookMessage } from "./message.ts";

/** What became of one message. A reason contains nothing of the response but its status. */
export type SendResult =
  | { readonly isDelivered: true; readonly status: number }
  | {
      readonly isDelivered: false;
      readonly reason: string;
      readonly status?: number;
      /** The time before which the receiver wants no other attempt (RFC 9110 section 10.2.3), in milliseconds from now. */
      readonly retryAfterMs?: number;
    };

/** The status with which a receiver ends its subscription (Standard Webhooks). */
export const goneStatus = 410;

/** How long a receiver may take to respond, in milliseconds. */
const timeoutMsDefault = 10_000;
/** Bytes of a response body that are read, so that the connection can be used again. */
const responseBytesMax = 16 * 1024;

/** Sends messages of webhooks. Addresses are checked, and redirects are not followed. */
export class WebhookSender {
  readonly #http: GuardedHttp;
  readonly #timeoutMs: number;

  constructor(http: GuardedHttp, timeoutMs = timeoutMsDefault) {
    this.#http = http;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Sends a message once. It never throws, except when it is aborted.
   * @param secrets sign the message, the current one first
   * @param aborted ends the request when it is aborted
   * @throws the reason of the abort
   */
  async send(
    url: string,
    message: WebhookMessage,
    secrets: readonly string[],
    aborted?: AbortSignal,
  ): Promise<SendResult> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await this.#http.send(new URL(url), {
        method: "POST",
        headers: {
          ...toSignedHeaders(message, secrets, new Date()),
          "accept-encoding": "identity",
          "content-type": "application/json",
          "user-agent": "gatehouse",
        },
        body: message.body,
        signal: aborted ? AbortSignal.any([timeout, aborted]) : timeout,
      });
      const status = response.statusCode ?? 0;
      // The status is the result. The body is only read so that the connection can be used again.
      await readBoundedBody(response, responseBytesMax).catch(() => undefined);
      response.destroy();
      if (status >= 200 && status < 300) return { isDelivered: true, status };
      return { ...toRejection(status), ...toRetryAfter(response.headers["retry-after"]) };
    } catch (error) {
      if (aborted?.aborted) throw error;
      return { isDelivered: false, reason: this.#toReason(error, timeout.aborted) };
    }
  }

  #toReason(error: unknown, isTimeout: boolean): string {
    if (error instanceof RejectedAddressError) {
      return "The address of url is not allowed. An operator can allow it with UPSTREAM_ALLOW.";
    }
    if (isTimeout) return `The receiver did not respond within ${this.#timeoutMs / 1000} seconds.`;
    const { code } = error as { code?: unknown };
    const detail = typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? ` (${code})` : "";
    return `The receiver could not be reached${detail}.`;
  }
}

function toRejection(status: number): Extract<SendResult, { isDelivered: false }> {
  const isRedirect = status >= 300 && status < 400;
  const reason = isRedirect
    ? `The receiver responded with a redirect (${status}), which is not followed. Set url to the final address.`
    : `The receiver responded with the HTTP status ${status}.`;
  return { isDelivered: false, status, reason };
}

function toRetryAfter(value: string | undefined): { readonly retryAfterMs?: number } {
  return value !== undefined && /^\d{1,6}$/.test(value) ? { retryAfterMs: Number(value) * 1000 } : {};
}
