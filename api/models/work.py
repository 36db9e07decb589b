"""Requests that start work, and the run that they answer with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from api.models.base import Model
from blocks.names import BLOCK_NAME
from flows.request import EtlRequest

_Block = Annotated[str, StringConstraints(pattern=f"^({BLOCK_NAME})?$")]
_Text = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00]*$")]
State = Literal[
    "scheduled",
    "pending",
    "running",
    "paused",
    "cancelling",
    "completed",
    "failed",
    "timed_out",
    "cancelled",
    "crashed",
]


class WorkRequest(BaseModel):
    """Parameters of a flow; what is left out has the flow's default, and what is unknown is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def given(self) -> dict[str, Any]:
        """The parameters that the request gives, as JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)


class OfVault(WorkRequest):
    """What all work on backups takes."""

    vault: _Block = Field(
        default="", description="Name of a BackupVault block. Default: the vault of the settings."
    )
    alerts: _Block = Field(
        default="", description="Name of an Alerts block. Default: the channels of the settings."
    )


class BackupRequest(OfVault):
    """A backup of the whole database."""

    include: list[Literal["auth", "storage"]] = Field(
        default_factory=list, description="Managed schemas of Supabase whose rows are backed up too."
    )


class ProveRequest(OfVault):
    """A proof of a backup."""

    server: _Block = Field(
        default="",
        description="Name of a SupabaseWarehouse block whose server makes the scratch database. Default: the server of "
        "RETAIL_PROOF_SERVER, else one that is made for the proof.",
    )


class RestoreRequest(OfVault):
    """A restore; without ``confirm`` its plan."""

    backup: _Text = Field(
        default="", description="Id of the backup, or its beginning.", examples=["0f0e2c4b"]
    )
    last_good: bool = Field(
        default=False,
        description="Choose the newest backup of which the newest completed run reached its quality threshold.",
    )
    run: _Text = Field(default="", description="Choose the newest backup that holds this run.")
    table: _Text = Field(default="", description="Restore this table alone, as SCHEMA.TABLE.")
    beside: _Text = Field(
        default="", description="With a table: name that the restored table gets beside the live one."
    )
    confirm: _Text = Field(
        default="",
        description="Name of the database: restores into it. Empty is a dry run, which shows the plan.",
    )
    warehouse: _Block = Field(
        default="",
        description="Name of a SupabaseWarehouse block, the target. Default: the warehouse of the API.",
    )


class LoadRequest(EtlRequest):
    """A load; the parameters are those of the flow ``retail_etl``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @field_validator("sources", "columns", "constants", mode="before")
    @classmethod
    def _no_short_form(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what the flow takes from notebooks and command lines, and the description of the API does not."""
        kind, described = (list, "an array") if info.field_name == "sources" else (dict, "an object")
        if value is not None and not isinstance(value, kind):
            raise ValueError(f"it is not {described}")
        return value

    def given(self) -> dict[str, Any]:
        """The parameters that the request gives, as JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)


class LoadOutcome(Model):
    """What a load left in ``retail_ops``."""

    status: str = Field(description="running, completed, failed, cancelled, crashed or timed_out.")
    feed: str | None
    started_at: datetime
    finished_at: datetime | None
    quality_score: str | None = Field(description="Mean quality score of its deliveries, 0 to 100.")
    degraded: bool
    degraded_reasons: list[str] = Field(description="What the run left undone, with the fix.")
    deliveries: dict[str, int] = Field(description="Number of deliveries by outcome.")
    rows_loaded: int
    problems: list[str] = Field(description="Reasons of refused and failed deliveries, 20 at most.")


class BackupOutcome(Model):
    """What a run that makes, verifies, proves or restores a backup left in ``retail_ops``."""

    flow: str
    outcome: Literal["completed", "failed"]
    backup: str | None = Field(description="Id of the backup.")
    message: str | None = Field(description="Message of a failed run.")
    report: dict[str, JsonValue] = Field(description="Report of the flow; empty if it failed without one.")
    finished_at: datetime


class RunAnswer(Model):
    """A run and its state; ``load`` or ``backup`` is its outcome as the warehouse has it."""

    id: UUID = Field(description="Id of the Prefect flow run.")
    flow: str
    state: State
    has_ended: bool
    message: str = Field(description="Message of a run that ended badly.")
    place: Literal["deployment", "process", ""] = Field(
        description="Where it runs; empty if Prefect does not know the run any more."
    )
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    parameters: dict[str, JsonValue] = Field(
        description="Its parameters; what looks like a secret is masked."
    )
    load: LoadOutcome | None
    backup: BackupOutcome | None


class StartedRun(RunAnswer):
    """The run that a request started."""

    is_repeat: bool = Field(
        description="Whether an earlier request with the same Idempotency-Key started it."
    )


_RUN = {
    "id": "8a3d2f6e-55f0-4a57-9d7c-0c5fd6a4a001",
    "message": "",
    "place": "process",
    "created_at": "2026-11-29T06:20:00Z",
    "started_at": "2026-11-29T06:20:01Z",
    "is_repeat": False,
}
STARTED = {
    **_RUN,
    "flow": "retail-backup",
    "state": "pending",
    "has_ended": False,
    "started_at": None,
    "finished_at": None,
    "parameters": {"tables": [], "include": []},
    "load": None,
    "backup": None,
}
ENDED = {
    **STARTED,
    "state": "completed",
    "has_ended": True,
    "started_at": "2026-11-29T06:20:01Z",
    "finished_at": "2026-11-29T06:20:09Z",
    "backup": {
        "flow": "retail-backup",
        "outcome": "completed",
        "backup": "0f0e2c4b-6a53-4d0a-8d3e-6f1f0f4a9d55",
        "message": None,
        "report": {"kind": "full", "size_bytes": 18_874_368, "rows": 570_012},
        "finished_at": "2026-11-29T06:20:09Z",
    },
}
ENDED_LOAD: dict[str, Any] = {
    **{name: value for name, value in ENDED.items() if name != "is_repeat"},
    "flow": "retail-etl",
    "parameters": {"sources": ["/srv/tills"]},
    "backup": None,
    "load": {
        "status": "completed",
        "feed": "default",
        "started_at": "2026-11-29T06:20:01Z",
        "finished_at": "2026-11-29T06:20:09Z",
        "quality_score": "99.20",
        "degraded": False,
        "degraded_reasons": [],
        "deliveries": {"loaded": 1},
        "rows_loaded": 3107,
        "problems": [],
    },
}
