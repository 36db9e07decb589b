"""The bundled data: Online Retail (UCI), 541,909 real sales lines; see SOURCE.md beside it."""

from pathlib import Path

BUNDLED = Path(__file__).parent / "online_retail.parquet"
