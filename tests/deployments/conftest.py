"""The command line fixture of the flows' tests."""

from tests.flows.conftest import retail

__all__ = ["retail"]
