import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { messageOf } from "../../error_message.ts";

/** What made a span, as collectors show it. */
const SCOPE = "odin-gateway";

/** What a span of ours is. */
export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
}

/**
 * Runs something within a span of its own, which ends with it. What is thrown is passed on, and is no fault of the span's
 * unless its caller says so: most of what is refused is refused rightly.
 */
export function inSpan<Result>(
  name: string,
  { kind = SpanKind.INTERNAL, attributes = {} }: SpanOptions,
  run: (span: Span) => Promise<Result>,
): Promise<Result> {
  return trace.getTracer(SCOPE).startActiveSpan(name, { kind, attributes }, async (span) => {
    try {
      return await run(span);
    } finally {
      span.end();
    }
  });
}

/** Marks a span as failed. */
export function failed(span: Span, error: unknown): void {
  const message = messageOf(error);
  span.recordException(error instanceof Error ? error : message);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
