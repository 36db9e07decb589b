"""Templates, always escaped, and the files that pages need."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.pages.formats import FILTERS, shown
from api.problems import Problem
from api.surface import known_query

# The address of a file has its hash, so that another content has another address.
_FOR_EVER = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {".css": "text/css", ".svg": "image/svg+xml"}
router = APIRouter(dependencies=[Depends(known_query)])


@cache
def _environment() -> Environment:
    # By suffix, as Starlette's templates escape, a template of another name would not be escaped.
    environment = Environment(
        loader=PackageLoader("api.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    environment.filters |= FILTERS
    environment.globals["stylesheet"] = stylesheet
    return environment


def render(template: str, **values: Any) -> str:
    """Return a page."""
    return _environment().get_template(template).render(**values)


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """Return content and media type of the files that pages need, by name."""
    folder = files("api.pages").joinpath("static")
    return {
        entry.name: (entry.read_bytes(), _MEDIA_TYPES[suffix])
        for entry in folder.iterdir()
        if (suffix := f".{entry.name.rpartition('.')[2]}") in _MEDIA_TYPES
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def stylesheet(name: str) -> str:
    """Return the address of a stylesheet."""
    return f"/static/{_digest(static_files()[name][0])}/{name}"


@router.get("/static/{digest}/{name}", include_in_schema=False)
async def hashed_file(digest: str, name: str) -> Response:
    """Answer with a file of this package, which a browser may keep for ever."""
    content, media_type = static_files().get(name, (b"", ""))
    if not content or digest != _digest(content):
        raise Problem(404, "There is no such file.", "Load the page again.")
    return Response(content, media_type=media_type, headers={"cache-control": _FOR_EVER})


@router.get("/static/{name}", include_in_schema=False)
async def static_file(name: str) -> Response:
    """Answer with a file of this package."""
    found = static_files().get(name)
    if found is None:
        raise Problem(404, "There is no such file.", "The addresses are listed at /docs.")
    content, media_type = found
    return Response(content, media_type=media_type, headers={"cache-control": "max-age=3600"})
