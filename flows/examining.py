"""The name this module had until 0.1: deployments that were registered then still run."""

from flows.doctor import retail_doctor

__all__ = ["retail_doctor"]
