"""Metrics of the warehouse as Prometheus text."""

from tasks.report.metrics.exposition import CONTENT_TYPE
from tasks.report.metrics.warehouse import warehouse_metrics

__all__ = ["CONTENT_TYPE", "warehouse_metrics"]
