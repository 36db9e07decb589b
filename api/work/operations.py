"""What the API can start: the flow of each operation, the deployment that runs it elsewhere, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from prefect import Flow
from prefect.exceptions import ParameterBindError, ParameterTypeError, SignatureMismatchError
from pydantic import ValidationError

import flows
from api.work.errors import ParametersRefused
from flows.request import EtlRequest
from flows.restore import ensure_consistent
from flows.run_request import RunRequest
from tasks.errors import SettingsError
from tasks.outside_text import displayable


@dataclass(frozen=True)
class Operation:
    """A kind of work.

    Attributes:
        name: Name of the flow in package ``flows``.
        deployment: The deployment of prefect.yaml that runs it, as FLOW/NAME.
        defaults: Parameters that are always handed over, so that no default of a deployment decides them.
    """

    name: str
    deployment: str
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def flow(self) -> Flow[..., Any]:
        """The flow."""
        return cast(Flow[..., Any], getattr(flows, self.name))

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a run, after the flow's own model has looked at them.

        Raises:
            ParametersRefused: one is unknown, does not fit its type, or contradicts another.
        """
        parameters = {**self.defaults, **given}
        try:
            self.flow.validate_parameters(parameters)
            if self.name == "retail_etl":
                # A deployment may have sources of its own, and a machine of its own with the mapping's file.
                RunRequest.of(EtlRequest(**parameters)).ensure_valid(
                    sources_needed="sources" in parameters, runs_elsewhere=True
                )
            elif self.name == "retail_restore":
                names = ("backup", "last_good", "run", "table", "beside", "prove", "confirm")
                ensure_consistent(*(parameters[name] for name in names))
        except SettingsError as error:
            setting = str(error.attributes.get("setting", ""))
            next_step = _NAME_SOURCES if setting == "sources" else error.next_step
            raise ParametersRefused(error.what, next_step, setting=setting) from None
        except (ParameterTypeError, ParameterBindError, SignatureMismatchError, ValidationError) as error:
            what = displayable(str(error).splitlines()[0])
            raise ParametersRefused(what, "Send the parameters that /openapi.json describes.") from None
        return parameters

    def lacks_sources(self, parameters: Mapping[str, Any]) -> bool:
        """Whether it is a load whose sources its deployment must have."""
        return self.name == "retail_etl" and "sources" not in parameters

    def ensure_sources(self, deployed: Mapping[str, Any]) -> None:
        """Raise ParametersRefused if the parameters of the deployment have no sources."""
        if deployed.get("sources"):
            return
        try:
            EtlRequest().ensure_sources()
        except SettingsError as error:
            raise ParametersRefused(error.what, _NAME_SOURCES, setting="sources") from None


_NAME_SOURCES = "Send them in the body, or set them in the deployment retail-etl/daily."
_RESTORE = {
    "backup": "",
    "last_good": False,
    "run": "",
    "table": "",
    "beside": "",
    "prove": False,
    "confirm": "",
}

LOAD = Operation("retail_etl", "retail-etl/daily")
BACKUP = Operation("retail_backup", "retail-backup/full", {"tables": [], "include": []})
TABLE_BACKUP = Operation("retail_backup", "retail-backup/table", {"include": []})
VERIFY = Operation("retail_verify", "retail-verify/full")
PROVE = Operation("retail_restore", "retail-restore/drill", {**_RESTORE, "prove": True})
RESTORE = Operation("retail_restore", "retail-restore/full", _RESTORE)
TABLE_RESTORE = Operation("retail_restore", "retail-restore/table", _RESTORE)
