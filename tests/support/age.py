"""The standard programs for keys and age files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.required import missing


def program(name: str) -> str:
    """Return the path of a program; end the test if it is missing."""
    path = shutil.which(name)
    if path is None:
        missing(f"{name}: apt-get install {'openssh-client' if name == 'ssh-keygen' else 'age'}")
    return path


def make_key(path: Path) -> str:
    """Write an identity file with the standard program, and return its public key."""
    subprocess.run([program("age-keygen"), "-o", path], check=True, capture_output=True)
    return subprocess.run(
        [program("age-keygen"), "-y", path], check=True, capture_output=True, text=True
    ).stdout.strip()


def make_ssh_key(path: Path, *options: str) -> str:
    """Write an SSH private key, and return its public key."""
    subprocess.run([program("ssh-keygen"), "-q", "-f", path, *options], check=True, capture_output=True)
    return path.with_name(f"{path.name}.pub").read_text()
