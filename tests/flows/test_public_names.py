"""The names that the packages export."""

import sys

import blocks
import flows
from tests.flows.conftest import Retail


def test_exported_flows() -> None:
    names = ("alert", "backup", "doctor", "etl", "prune", "restore", "verify", "watch", "withdraw")
    assert flows.__all__ == [f"retail_{name}" for name in names]
    assert set(flows.__all__) <= set(dir(flows))
    of_prefect = {name: getattr(flows, name).name for name in flows.__all__}
    assert of_prefect == {name: name.replace("_", "-") for name in flows.__all__}


def test_exported_blocks() -> None:
    assert blocks.__all__ == ["Alerts", "ApiUsers", "BackupVault", "SupabaseWarehouse"]
    assert set(blocks.__all__) <= set(dir(blocks))
    assert [getattr(blocks, name).__name__ for name in blocks.__all__] == blocks.__all__


def test_names_are_listed_before_anything_heavy_is_imported(plain_retail: Retail) -> None:
    script = (
        "import sys, flows\nassert 'retail_withdraw' in dir(flows)\n"
        "print(sorted({'prefect', 'polars', 'asyncpg', 'pydantic'} & set(sys.modules)))"
    )
    ended = plain_retail.run([sys.executable, "-c", script])
    assert ended.out.strip() == "[]", ended.err
