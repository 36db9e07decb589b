"""``retail api`` and ``retail api-user``."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import set_warehouse_environment


def api(
    *,
    demo: Annotated[bool, Parameter(negative=())] = False,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=Number(gte=1, lte=65535))] = 8000,
    warehouse: str | None = None,
    data_dir: str | None = None,
) -> int:
    """Serve the REST API until it is told to end (Ctrl+C).

    Users are set by RETAIL_API_USERS or an ApiUsers block; see `retail api-user`.

    Parameters
    ----------
    demo
        Serve the bundled data from the embedded Postgres, to this machine only, for the user admin with the password
        "password"; vault and keys are in the data folder.
    host
        Address to listen at. Without TLS of its own, the API belongs behind a proxy that has it.
    port
        Port to listen at.
    warehouse
        Address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the
        embedded Postgres.
    data_dir
        Folder of the embedded Postgres.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        from flows.cli.run_flow import quiet_prefect

        quiet_prefect(verbose=False)
        _ensure_installed()
        if demo:
            return _serve_demo(host, port, warehouse)
        from api.serve import serve

        url = f"http://{_shown(host)}:{port}"
        serve(
            host, port, lambda: print(f"retail: the API is at {url}, its documentation at /docs", flush=True)
        )
        return 0

    return with_exit_code(command)


def _serve_demo(host: str, port: int, warehouse: str | None) -> int:
    from flows.cli.address_space import check_address_space
    from flows.cli.progress_display import show_progress
    from tasks.errors import SettingsError

    if warehouse:
        raise SettingsError(
            "--warehouse: the demo serves the embedded Postgres and touches no other.",
            "Leave it out, or start the API without --demo.",
            setting="warehouse",
        )
    check_address_space()
    from api.demo import PASSWORD, USER, bind, load_bundled, serve_demo

    with bind(host, port) as listener:
        with show_progress():
            load_bundled()
        url = f"http://{_shown(host)}:{port}"
        line = f"retail: the demo is at {url}, its documentation at /docs; user {USER}, password {PASSWORD}"
        return serve_demo(listener, lambda: print(line, flush=True))


def api_user(name: str, *, role: Literal["viewer", "operator"] = "viewer") -> int:
    """Ask for a password and print the user's line for RETAIL_API_USERS or an ApiUsers block.

    From a pipe, the password is the first line of standard input.

    Parameters
    ----------
    name
        Name of the user, without a colon or spaces.
    role
        A viewer may read; an operator may also start work.
    """

    def command() -> int:
        _ensure_installed()
        from api.passwords import hash_password
        from blocks.user_list import parse_users

        line = f"{name}:{role}:{hash_password(_password())}"
        (user,) = parse_users(line, "NAME")
        print(f"{user.name}:{user.role}:{user.password_hash}")
        if sys.stdout.isatty():
            print("In .env or a shell, put it between single quotes: RETAIL_API_USERS='...'", file=sys.stderr)
        return 0

    return with_exit_code(command)


def _password() -> str:
    from tasks.errors import SettingsError

    if sys.stdin.isatty():
        from getpass import getpass

        password = getpass("Password: ")
        if getpass("Again: ") != password:
            raise SettingsError("The two passwords differ.", "Type the same one twice.", setting="password")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < 8:
        raise SettingsError(
            "The password has fewer than 8 characters.", "Choose a longer one.", setting="password"
        )
    return password


def _ensure_installed() -> None:
    """Import the API's package once. Its libraries are an extra."""
    try:
        import api.serve  # noqa: F401
    except ModuleNotFoundError as missing:
        from tasks.errors import SettingsError

        if (missing.name or "").partition(".")[0] not in {
            "argon2",
            "fastapi",
            "httptools",
            "jinja2",
            "starlette",
            "uvicorn",
        }:
            raise
        raise SettingsError(
            f"The REST API needs {missing.name}, which is not installed.",
            "Install it: pip install 'prefect-retail[api]'",
            setting="api",
        ) from None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
