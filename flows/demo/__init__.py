"""The bundled data: Online Retail (UCI), 541,909 real sales lines; see SOURCE.md beside it.

``BUNDLED`` is the path of its file. ``retail demo`` loads it; from Python it is a source like any other::

    from flows import retail_etl
    from flows.demo import BUNDLED

    report = await retail_etl(sources=str(BUNDLED), warehouse="embedded")
"""

from pathlib import Path

__all__ = ["BUNDLED"]

BUNDLED = Path(__file__).parent / "online_retail.parquet"
