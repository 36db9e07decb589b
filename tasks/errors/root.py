"""The root of all errors, and whether a retry may succeed."""

from __future__ import annotations

from typing import Any, ClassVar

from tasks.outside_text import displayable


class RetailError(Exception):
    """Base class of all errors.

    Args:
        what: What happened: one statement without the subject's name.
        next_step: What the user should do: one imperative sentence, or empty.
        ids: Ids of the objects concerned; they become attributes and survive pickling.
    """

    # The attribute that starts the message.
    subject: ClassVar[str] = ""
    # Unprintable characters that the message may have: an error about several things has a line for each.
    keep: ClassVar[str] = ""

    def __init__(self, what: str, next_step: str = "", **ids: Any) -> None:
        # Here and not where an error is shown: it ends in logs, states and reports that are not ours.
        self.what = displayable(what, self.keep)
        self.next_step = displayable(next_step, self.keep)
        super().__init__(self.what)
        self.attributes = ids
        for name, value in ids.items():
            setattr(self, name, value)

    @property
    def description(self) -> str:
        """The subject and what happened."""
        subject = self.attributes.get(self.subject)
        return f"{displayable(subject)}: {self.what}" if subject else self.what

    @property
    def reason(self) -> str:
        """What happened and the next step, without the subject's name."""
        return f"{self.what} {self.next_step}".rstrip()

    @property
    def message(self) -> str:
        """The full message: subject, what happened, next step."""
        return f"{self.description} {self.next_step}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.what, self.next_step, self.attributes)

    def __str__(self) -> str:
        return self.message


def _rebuild(kind: type[RetailError], what: str, next_step: str, ids: dict[str, Any]) -> RetailError:
    return kind(what, next_step, **ids)


class Transient(RetailError):
    """A retry may succeed; Prefect retries the task."""


class Terminal(RetailError):
    """A retry cannot succeed; never retried."""
