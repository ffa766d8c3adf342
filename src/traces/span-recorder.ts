import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { hasErrorCode } from "../errors.ts";

/** Records spans below the span in which the code runs. Nothing is patched: what is traced calls this class. */
export class SpanRecorder {
  readonly #tracer: Tracer;
  readonly #active = new AsyncLocalStorage<Span>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Starts a span of a request. @param remote the parent in another process */
  startRequest(name: string, attributes: Attributes, remote: SpanContext | undefined): Span {
    const parent = remote ? trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true }) : ROOT_CONTEXT;
    return this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
  }

  /** Runs code within a span. */
  runIn<R>(span: Span, run: () => R): R {
    return this.#active.run(span, run);
  }

  /** Runs code that belongs to no request, although a request starts it. */
  detach<R>(run: () => R): R {
    return this.#active.exit(run);
  }

  /** The span in which the code runs. Undefined if it is not recorded, and if it has ended: what follows it is another task. */
  get current(): Span | undefined {
    const span = this.#active.getStore();
    return span?.isRecording() ? span : undefined;
  }

  /** Returns the header that passes the trace on to another service (W3C Trace Context). */
  headers(): Readonly<Record<string, string>> {
    const context = this.#active.getStore()?.spanContext();
    if (!context) return {};
    const flags = (context.traceFlags & 1).toString(16).padStart(2, "0");
    return { traceparent: `00-${context.traceId}-${context.spanId}-${flags}` };
  }

  /** Records an operation that ends now. @param startedAt of `performance.now()` */
  recordEnded(name: string, startedAt: number, attributes: Attributes, errorType: string | undefined): void {
    const parent = this.current;
    if (!parent) return;
    const options = { kind: SpanKind.CLIENT, startTime: startedAt, attributes };
    const span = this.#tracer.startSpan(name, options, trace.setSpan(ROOT_CONTEXT, parent));
    if (errorType !== undefined) setError(span, errorType);
    span.end(performance.now());
  }

  /**
   * Runs an operation in a span of its own. Without a request it is the first span of a trace.
   * @param run receives the span; undefined if the trace is not recorded
   */
  async run<R>(
    name: string,
    { kind = SpanKind.INTERNAL, attributes = {} }: { readonly kind?: SpanKind; readonly attributes?: Attributes },
    run: (span: Span | undefined) => Promise<R>,
  ): Promise<R> {
    const parent = this.#active.getStore();
    if (parent && !parent.isRecording()) return run(undefined);
    const context = parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const span = this.#tracer.startSpan(name, { kind, attributes }, context);
    try {
      return await this.#active.run(span, () => run(span));
    } catch (error) {
      setError(span, toErrorType(error));
      throw error;
    } finally {
      span.end();
    }
  }
}

/** Marks a span as failed. @param errorType one of a fixed set: messages can contain data and are never recorded */
export function setError(span: Span, errorType: string): void {
  span.setAttribute("error.type", errorType);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The code of an error, or its class. */
function toErrorType(error: unknown): string {
  if (hasErrorCode(error)) return error.code;
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(code)) return code;
  return error instanceof Error ? error.constructor.name : "_OTHER";
}
