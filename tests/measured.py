"""What OpenTelemetry's metrics say."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics.export import InMemoryMetricReader


def points(reader: InMemoryMetricReader, name: str) -> list[Any]:
    """The points of a metric; none where nothing was measured."""
    data = reader.get_metrics_data()
    found = [] if data is None else data.resource_metrics
    metrics = [one for resource in found for scope in resource.scope_metrics for one in scope.metrics]
    return [point for metric in metrics if metric.name == name for point in metric.data.data_points]
