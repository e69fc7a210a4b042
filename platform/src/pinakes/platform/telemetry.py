"""Traces and measures, sent through OpenTelemetry to a collector; off unless one is named."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

SERVICE = "pinakes"


@contextmanager
def telling(collector: str | None, *engines: AsyncEngine) -> Generator[None]:
    """Send spans and measures to *collector* (the address of OTLP over HTTP) until the end.

    SQL is sent with its placeholders, never with its values.
    """
    if collector is None:
        yield
        return
    traces, meters = providers(collector.rstrip("/"))
    instrument(traces, engines)
    try:
        yield
    finally:
        traces.shutdown()
        meters.shutdown()


def providers(collector: str) -> tuple[Any, Any]:
    """Where spans and measures go."""
    from opentelemetry import metrics, trace  # noqa: PLC0415  (half a second that most never need)
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({"service.name": SERVICE})
    traces = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{collector}/v1/traces")
    traces.add_span_processor(BatchSpanProcessor(exporter))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{collector}/v1/metrics"))
    meters = MeterProvider(resource=resource, metric_readers=[reader])
    trace.set_tracer_provider(traces)
    metrics.set_meter_provider(meters)
    return traces, meters


def instrument(traces: Any, engines: tuple[AsyncEngine, ...]) -> None:
    """Let the libraries below us tell what they do."""
    from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor  # noqa: PLC0415
    from opentelemetry.instrumentation.botocore import BotocoreInstrumentor  # noqa: PLC0415
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor  # noqa: PLC0415
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor  # noqa: PLC0415

    AsyncPGInstrumentor().instrument(tracer_provider=traces)  # type: ignore[no-untyped-call]
    BotocoreInstrumentor().instrument(tracer_provider=traces)  # type: ignore[no-untyped-call]
    HTTPXClientInstrumentor().instrument(tracer_provider=traces)
    # it declares SQLAlchemy < 2.1 and would silently do nothing
    SQLAlchemyInstrumentor().instrument(
        engines=[engine.sync_engine for engine in engines],
        tracer_provider=traces,
        skip_dep_check=True,
    )


def traced(app: Any) -> Any:
    """*app* (ASGI) with a span for each request, named by its route and without its query."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware  # noqa: PLC0415

    def without_words(span: Any, scope: dict[str, Any]) -> None:
        """Addresses may hold what a reader looks for, and ids of readers."""
        if span.is_recording():
            for name in ("http.url", "http.target", "url.full", "url.path", "url.query"):
                span.set_attribute(name, "")

    def unnamed(_: Any) -> tuple[str, dict[str, Any]]:
        return "request", {}

    return OpenTelemetryMiddleware(
        app, server_request_hook=without_words, default_span_details=unnamed
    )
