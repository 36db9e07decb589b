"""The names that the packages export."""

import sys

import blocks
import flows
from tests.flows.conftest import Retail


def test_exported_flows() -> None:
    assert flows.__all__ == ["retail_alert", "retail_doctor", "retail_etl", "retail_withdraw"]
    assert set(flows.__all__) <= set(dir(flows))
    names = {name: getattr(flows, name).name for name in flows.__all__}
    assert names == {name: name.replace("_", "-") for name in flows.__all__}


def test_exported_blocks() -> None:
    assert blocks.__all__ == ["Alerts", "SupabaseWarehouse"]
    assert set(blocks.__all__) <= set(dir(blocks))
    assert [getattr(blocks, name).__name__ for name in blocks.__all__] == blocks.__all__


def test_names_are_listed_before_anything_heavy_is_imported(plain_retail: Retail) -> None:
    script = (
        "import sys, flows\nassert 'retail_withdraw' in dir(flows)\n"
        "print(sorted({'prefect', 'polars', 'asyncpg', 'pydantic'} & set(sys.modules)))"
    )
    ended = plain_retail.run([sys.executable, "-c", script])
    assert ended.out.strip() == "[]", ended.err
