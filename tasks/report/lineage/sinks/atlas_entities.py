"""Entities of Apache Atlas from an event of OpenLineage, of types that every Atlas has.

``rdbms_instance``, ``rdbms_db``, ``rdbms_table`` and ``rdbms_column`` for the warehouse, ``fs_path`` for files,
``Process`` for a job. Only attributes that we know are set: a null would clear what another program wrote. Entities
refer to each other by negative numbers, which Atlas replaces by the ids it has for their qualified names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from openlineage.client.event_v2 import Dataset, RunEvent

Entity = dict[str, Any]


def entities_of(event: RunEvent, cluster: str) -> list[Entity]:
    """The entities of an event: its datasets with what they stand in, and its job as the process between them.

    Args:
        event: An event; without datasets it says nothing to Atlas.
        cluster: Ends every qualified name, after an ``@``.

    Returns:
        The entities in the form of ``POST /api/atlas/v2/entity/bulk``; empty for an event without datasets.
    """
    inputs, outputs = event.inputs or [], event.outputs or []
    if not inputs and not outputs:
        return []
    made = _Entities(cluster)
    reads = [made.dataset(dataset) for dataset in inputs]
    writes = [made.dataset(dataset) for dataset in outputs]
    made.add(
        "Process",
        f"{event.job.namespace}.{event.job.name}",
        event.job.name,
        inputs=reads,
        outputs=writes,
        description=_description(event),
    )
    return made.entities


def _description(event: RunEvent) -> str:
    documentation = (event.job.facets or {}).get("documentation")
    return str(getattr(documentation, "description", ""))


@dataclass
class _Entities:
    """Entities by type and qualified name, each once."""

    cluster: str
    entities: list[Entity] = field(default_factory=list)
    _known: dict[tuple[str, str], Entity] = field(default_factory=dict)

    def add(self, kind: str, qualified_name: str, name: str, **attributes: Any) -> Entity:
        """Add an entity, unless it is there; return the reference to it."""
        key = (kind, f"{qualified_name}@{self.cluster}")
        if key not in self._known:
            guid = str(-len(self.entities) - 1)
            self._known[key] = {"guid": guid, "typeName": kind}
            given = {
                attribute: value for attribute, value in attributes.items() if value not in (None, "", [])
            }
            self.entities.append(
                {
                    "guid": guid,
                    "typeName": kind,
                    "attributes": {"qualifiedName": key[1], "name": name, **given},
                }
            )
        return self._known[key]

    def dataset(self, dataset: Dataset) -> Entity:
        """Add a dataset; return the reference to it."""
        if not dataset.namespace.startswith("postgres://"):
            path = dataset.name if dataset.namespace == "file" else f"{dataset.namespace}/{dataset.name}"
            return self.add("fs_path", path, path.rsplit("/", 1)[-1] or path, path=path)
        server = urlsplit(dataset.namespace)
        database, _, table = dataset.name.partition(".")
        instance = self.add(
            "rdbms_instance",
            server.netloc,
            server.netloc,
            rdbms_type="postgresql",
            platform="postgresql",
            hostname=server.hostname,
            port=server.port,
        )
        db = self.add(
            "rdbms_db", f"{server.netloc}/{database}", database, prodOrOther="other", instance=instance
        )
        if not table:
            return db
        place = f"{server.netloc}/{dataset.name}"
        kind = getattr((dataset.facets or {}).get("datasetType"), "datasetType", "TABLE")
        reference = self.add(
            "rdbms_table", place, table.rpartition(".")[2], db=db, type=kind, name_path=dataset.name
        )
        for column in getattr((dataset.facets or {}).get("schema"), "fields", None) or []:
            self.add(
                "rdbms_column", f"{place}.{column.name}", column.name, data_type=column.type, table=reference
            )
        return reference
