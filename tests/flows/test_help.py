"""The command line speaks before anything heavy is imported."""

import sys

from tests.flows.conftest import Retail


def test_help_imports_nothing_heavy(plain_retail: Retail) -> None:
    script = (
        "import sys\nfrom flows.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'prefect', 'polars', 'asyncpg', 'pydantic'} & set(sys.modules)))"
    )
    ended = plain_retail.run([sys.executable, "-c", script])
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[-1] == "[]"
    for command in ("demo", "doctor", "etl", "sql", "warehouse", "withdraw"):
        assert command in ended.out


def test_every_command_explains_itself(plain_retail: Retail) -> None:
    for command in ("demo", "doctor", "etl", "sql", "withdraw"):
        ended = plain_retail(command, "--help")
        assert ended.code == 0
        assert "--data-dir" in ended.out


def test_help_of_a_command_imports_neither_prefect_nor_polars(plain_retail: Retail) -> None:
    script = (
        "import sys\nfrom flows.cli import app\n"
        "try:\n    app(['etl', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'prefect', 'polars', 'pandera', 'asyncpg'} & set(sys.modules)))"
    )
    ended = plain_retail.run([sys.executable, "-c", script])
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[-1] == "[]"
    assert "--date-format" in ended.out
