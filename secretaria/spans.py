"""OpenTelemetry spans under the ids of our events; imported only where traces are on.

A correlation id is 128 bits of time and chance, which is what a trace id is. The span of the request takes its id from it too, so
every process knows the parent of what it tells without having been told. Stages are told when they are over, as the metrics
are. A span holds the name of a stage and its times, and nothing of a conversation.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from secretaria.traces import REQUEST, Tell

EXPORT_SECONDS = 5
NANOSECONDS = 1_000_000_000
SPAN_BITS = (1 << 64) - 1

_REQUEST_OF: ContextVar[UUID | None] = ContextVar("request_of", default=None)


def exporting(endpoint: str, process: str) -> Tell:
    """Return what tells a stage to a collector; what is not sent yet is sent when the process ends."""
    resource = Resource({"service.name": "secretaria", "service.component": process})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, id_generator=EventIds())
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("secretaria")

    def tell(stage: str, event: UUID, seconds: float, ended_ago: float) -> None:
        ended = time.time_ns() - round(ended_ago * NANOSECONDS)
        is_request = stage == REQUEST
        ids = _REQUEST_OF.set(event if is_request else None)
        try:
            within = Context() if is_request else _inside_request(event)
            span = tracer.start_span(stage, context=within, start_time=ended - round(max(seconds, 0.0) * NANOSECONDS))
        finally:
            _REQUEST_OF.reset(ids)
        span.end(ended)

    return tell


class EventIds(RandomIdGenerator):
    """Gives the span of a request the ids of its event, and all others ids of their own."""

    def generate_trace_id(self) -> int:
        """Return the event itself."""
        event = _REQUEST_OF.get()
        return super().generate_trace_id() if event is None else event.int

    def generate_span_id(self) -> int:
        """Return the half of the event that is chance."""
        event = _REQUEST_OF.get()
        return super().generate_span_id() if event is None else event.int & SPAN_BITS


def _inside_request(event: UUID) -> Context:
    request = SpanContext(event.int, event.int & SPAN_BITS, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(request), Context())
