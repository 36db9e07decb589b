"""The command line, as the flows' tests have it."""

from tests.flows.conftest import retail

__all__ = ["retail"]
