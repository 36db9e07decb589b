"""What Prefect's two forms send when a block is opened and saved, and blocks that an earlier release stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from tests.support.prefect_server import PrefectServer

Form = Literal["older", "newer"]
STORED = Path(__file__).with_name("blocks_before_first_release.json")


def read_document(server: PrefectServer, slug: str, name: str, *, secrets: bool = False) -> dict[str, Any]:
    """The block document of that name, with masked secrets as the forms see it."""
    path = f"/block_types/slug/{slug}/block_documents/name/{name}?include_secrets={str(secrets).lower()}"
    document: dict[str, Any] = server.request("GET", path)
    return document


def save_in_form(
    server: PrefectServer, slug: str, name: str, form: Form, *, merge: bool = False, **changes: Any
) -> None:
    """Open a block in Prefect's form, change some values, and save it."""
    document = read_document(server, slug, name)
    data = document["data"] | changes
    if form == "older":
        data = _older(document, data)
    body = {"data": data, "merge_existing_data": merge}
    server.request("PATCH", f"/block_documents/{document['id']}", body)


def _older(document: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The older form sends references, drops nested blocks that it cannot select, and leaves out defaults."""
    sent: dict[str, Any] = {}
    properties = document["block_schema"]["fields"]["properties"]
    references = document["block_document_references"]
    for name, value in data.items():
        is_block = any("$ref" in choice for choice in properties[name].get("anyOf", ()))
        if name in references and value is not None:
            sent[name] = {"$ref": {"block_document_id": references[name]["block_document"]["id"]}}
        elif not is_block and value != properties[name].get("default"):
            sent[name] = value
    return sent


def store_as_before(
    server: PrefectServer, slug: str, name: str, replacements: dict[str, str]
) -> dict[str, Any]:
    """Create the block document that the release before stored, with other texts in its values.

    Returns:
        The values as stored.
    """
    stored = json.loads(STORED.read_text())[slug]
    text = json.dumps(stored["data"])
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    block_type = server.request("GET", f"/block_types/slug/{slug}")
    schema = server.request("POST", "/block_schemas/", stored["schema"] | {"block_type_id": block_type["id"]})
    ids = {"block_type_id": block_type["id"], "block_schema_id": schema["id"]}
    server.request("POST", "/block_documents/", {"name": name, "data": json.loads(text), **ids})
    data: dict[str, Any] = json.loads(text)
    return data
