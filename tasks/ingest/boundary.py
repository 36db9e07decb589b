"""Links that lead out of a source folder: whoever delivers there can make a run read any file of the machine."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass
class Boundary:
    """The folder of one source, and the links in it that lead elsewhere.

    Attributes:
        folder: The folder as the source names it.
        follow: Whether links that lead elsewhere are followed.
        links: Those links, by absolute path, with the resolved path of their target.
    """

    folder: str
    follow: bool
    links: dict[str, str] = field(default_factory=dict)
    _folders: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, source: str, follow: bool) -> Boundary:
        """Return the boundary of a folder, or of the folder that a glob pattern searches."""
        while glob.has_magic(source):
            source = os.path.dirname(source)
        return cls(source or os.curdir, follow)

    @cached_property
    def _inside(self) -> str:
        return os.path.realpath(self.folder)

    def admits(self, path: str) -> bool:
        """Return False for a path that leads out of the folder, if that is not allowed; note its link."""
        if self._contains(self.resolve(path)):
            return True
        step = self.folder
        for name in Path(path).relative_to(self.folder).parts:
            step = os.path.join(step, name)
            if not self._contains(os.path.realpath(step)):
                break
        parent, name = os.path.split(step)
        # The link's own path, however many links lead to it.
        self.links[os.path.join(os.path.realpath(parent), name)] = os.path.realpath(step)
        return self.follow

    def resolve(self, path: str) -> str:
        """Return a path with links resolved, those of its folder once for all files in it."""
        folder, name = os.path.split(path)
        if name in {"", os.curdir, os.pardir}:
            return os.path.realpath(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        resolved = os.path.join(self._folders[folder], name)
        return os.path.realpath(resolved) if os.path.islink(resolved) else resolved

    def _contains(self, real: str) -> bool:
        return real == self._inside or real.startswith(os.path.join(self._inside, ""))
