"""Errors of starting work; the routes turn each into a problem."""

from __future__ import annotations

from tasks.errors import Terminal, Transient


class ParametersRefused(Terminal):
    """The flow does not take these parameters. Attribute: ``setting``, the parameter."""


class KeyReused(Terminal):
    """The idempotency key was sent before, with other parameters."""


class TooManyRuns(Transient):
    """This process runs as many flows as it may."""


class RunUnknown(Terminal):
    """There is no such run of ours. Attribute: ``run``."""

    subject = "run"
