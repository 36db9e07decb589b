"""Datasets are named without credentials, and asset keys are those that Prefect accepts."""

from __future__ import annotations

import pytest
from prefect.assets import Asset

from tasks.postgres.settings import ConnectionSettings, from_url
from tasks.report.lineage.location import (
    Location,
    asset_key,
    database_location,
    file_location,
    table_location,
)

URL = "postgresql://loader:marked@db.example.com:5433/shop?sslmode=require"


def test_a_table_is_named_without_its_credentials() -> None:
    location = table_location(from_url(URL), "retail_dwh.fact_sale")
    assert location == Location("postgres://db.example.com:5433", "shop.retail_dwh.fact_sale")
    assert asset_key(location) == "postgres://db.example.com:5433/shop/retail_dwh/fact_sale"
    assert database_location(from_url(URL)) == Location("postgres://db.example.com:5433", "shop")


@pytest.mark.parametrize(
    ("host", "named"), [("/tmp/socket", "localhost"), ("::1", "[::1]"), ("10.0.0.1", "10.0.0.1")]
)
def test_hosts(host: str, named: str) -> None:
    location = table_location(ConnectionSettings(host, 5432, "shop"), "retail_dwh.dim_date")
    assert location.namespace == f"postgres://{named}:5432"
    assert Asset(key=asset_key(location)).key.startswith("postgres://")


@pytest.mark.parametrize(
    ("name", "location"),
    [
        ("/data/till.csv", Location("file", "/data/till.csv")),
        ("shop/till.csv", Location("file", "shop/till.csv")),
        ("https://[host/till.csv", Location("file", "https://[host/till.csv")),
        ("/data/a://b.csv", Location("file", "/data/a://b.csv")),
        ("s3://bucket/shop/till.csv", Location("s3://bucket", "shop/till.csv")),
        ("https://user:marked@host:8443/till.csv?sig=marked", Location("https://host:8443", "till.csv")),
        ("/data/password=marked.csv", Location("file", "/data/password=********")),
        ("/data/a\nb\x1b[31m.csv", Location("file", "/data/a\\nb\\x1b[31m.csv")),
    ],
)
def test_files_are_named_without_secrets(name: str, location: Location) -> None:
    assert file_location(name) == location
    key = asset_key(location)
    assert Asset(key=key).key == key
    assert "marked" not in key


def test_a_long_name_is_cut() -> None:
    assert Asset(key=asset_key(file_location("/data/" + "x" * 2000)))
