"""The name this module had until 0.1: deployments that were registered then still run."""

from flows.alerts import retail_alert

__all__ = ["retail_alert"]
