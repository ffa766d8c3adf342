import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { Log } from "../log.ts";

/** Reports an outage of the receiver once, and its end. The SDK would report each batch. */
export class ReportingExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #log: Log;
  #isFailing = false;
  #lostSpans = 0;

  constructor(exporter: SpanExporter, log: Log) {
    this.#exporter = exporter;
    this.#log = log;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.#reportSuccess();
      else this.#reportFailure(spans.length, result.error);
      done(result);
    });
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  #reportSuccess(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#log.info("traces are exported again", { lostSpans: this.#lostSpans });
  }

  #reportFailure(spanCount: number, error: Error | undefined): void {
    if (!this.#isFailing) this.#lostSpans = 0;
    this.#lostSpans += spanCount;
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#log.warn("traces cannot be exported; check the endpoint of OTEL_EXPORTER_OTLP_ENDPOINT", {
      reason: describeFailure(error),
    });
  }
}

/** The HTTP status or the code of a failure. Messages repeat text of the receiver, and can contain the URL. */
function describeFailure(error: (Error & { readonly code?: unknown }) | undefined): string {
  const { code, message } = error ?? {};
  if (typeof code === "number") return `the receiver responded with the HTTP status ${code}`;
  if (typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(code))
    return `the receiver could not be reached (${code})`;
  return message === "Request timed out" ? "the receiver did not respond in time" : "the receiver did not accept spans";
}
