"""The SupabaseWarehouse block: form, conversion to settings, rejected values, saving and loading."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from pydantic import SecretStr, ValidationError

from blocks import SupabaseWarehouse, lookup, settings_sources
from tasks.errors import SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.supabase import pool_size_and_overflow
from tests.support.prefect_server import PrefectServer

MARK = "marked-secret-word"


class TestStandard(BlockStandardTestSuite):
    """Prefect's requirements for a block."""

    @pytest.fixture
    def block(self) -> type[Block]:
        return SupabaseWarehouse

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        assert block._logo_url is not None  # the suite's own test downloads it


def block_of(settings: ConnectionSettings, **more: Any) -> SupabaseWarehouse:
    """A block for an existing warehouse."""
    return SupabaseWarehouse(
        host=settings.host,
        port=settings.port,
        database=settings.database,
        user=settings.user,
        **{"tls_mode": "disable", **more},
    )


def test_every_field_has_a_title_and_secrets_are_secret() -> None:
    schema = SupabaseWarehouse.model_json_schema()
    assert all(field.get("title") for field in schema["properties"].values())
    assert schema["secret_fields"] == ["password"]
    assert not {"url", "connection_info"} & set(schema["properties"])
    # Prefect's form renders a union as tabs.
    assert not [name for name, field in schema["properties"].items() if "anyOf" in field]


def test_pool_sizes_depend_on_the_connection_method_unless_set() -> None:
    pooled = SupabaseWarehouse(host="aws-0-eu.pooler.supabase.com", user="postgres.abc")
    assert pool_size_and_overflow(pooled.connection_settings()) == (5, 5)
    assert pool_size_and_overflow(SupabaseWarehouse(host="db.example.com").connection_settings()) == (10, 20)
    set_by_hand = SupabaseWarehouse(host="db.example.com", pool_size=3, max_overflow=0)
    assert pool_size_and_overflow(set_by_hand.connection_settings()) == (3, 0)


def test_verify_full_is_the_default() -> None:
    settings = SupabaseWarehouse(host="db.example.com").connection_settings()
    assert settings.sslmode == "verify-full"
    assert settings.statement_timeout == 1800


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"host": "db.example.com", "tls_mode": "prefer"}, "without TLS"),
        ({"host": "db.example.com", "tls_mode": "disable"}, "without TLS"),
        ({"host": "db.example.com", "port": 6543}, "transaction-mode pooler"),
        ({"host": "aws-0-eu.pooler.supabase.com", "user": "postgres"}, "the project reference"),
    ],
)
def test_rejected_settings(fields: dict[str, Any], what: str) -> None:
    block = SupabaseWarehouse(**{"password": MARK, **fields})
    for convert in (block.connection_settings, block.connector):
        with pytest.raises(SettingsError, match=what) as caught:
            convert()
        assert MARK not in str(caught.value)


@pytest.mark.parametrize("mode", ["prefer", "disable"])
def test_loopback_without_tls(mode: Any) -> None:
    assert SupabaseWarehouse(host="127.0.0.1", tls_mode=mode).connection_settings().sslmode == mode


@pytest.mark.parametrize("fields", [{"port": 0}, {"tls_mode": "perhaps"}, {"pool_size": -1}, {"host": ""}])
def test_form_rejects_invalid_values(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SupabaseWarehouse(**{"host": "db.example.com", **fields})


def test_password_is_not_shown() -> None:
    block = SupabaseWarehouse(host="db.example.com", password=MARK)
    shown = [repr(block), str(block), repr(block.connection_settings()), repr(block.as_settings())]
    connector = block.connector()
    shown += [repr(connector), repr(connector.connection_info), str(connector.get_engine())]
    assert MARK not in "".join(shown)


async def test_connector_queries_the_warehouse(warehouse: ConnectionSettings) -> None:
    async with block_of(warehouse).connector() as database:
        rows = await database.fetch_all("select current_database(), current_setting('statement_timeout')")
    assert list(rows[0]) == [warehouse.database, "30min"]


async def test_equal_query_is_run_again(warehouse: ConnectionSettings) -> None:
    async with block_of(warehouse, pool_size=1, max_overflow=0).connector() as database:
        for _ in range(3):
            assert [tuple(row) for row in await database.fetch_all("select :one + 1", {"one": 1})] == [(2,)]
        for number in range(5):  # none keeps the only connection
            assert (await database.fetch_all(f"select {number}"))[0][0] == number


async def test_31_concurrent_queries_share_30_connections(warehouse: ConnectionSettings) -> None:
    async with block_of(warehouse).connector() as database:
        query = "select pg_backend_pid(), pg_sleep(0.3)"
        rows = await asyncio.gather(*(database.fetch_all(query) for _ in range(31)))
    assert len({row[0][0] for row in rows}) == 30


async def test_engine_respects_the_pool_sizes(warehouse: ConnectionSettings) -> None:
    async with block_of(warehouse, pool_size=1, max_overflow=1).connector() as database:
        engine = database.get_engine()

        async def pid() -> Any:
            async with engine.connect() as connection:
                result = await connection.exec_driver_sql("select pg_backend_pid(), pg_sleep(0.1)")
                return result.scalar_one()

        assert len(set(await asyncio.gather(*(pid() for _ in range(6))))) == 2


@pytest.mark.prefect
async def test_saving_twice_and_loading(prefect_api: PrefectServer, warehouse: ConnectionSettings) -> None:
    for size in (3, 4):
        await block_of(warehouse, pool_size=size, password=SecretStr(MARK)).asave("saved", overwrite=True)
    loaded = await lookup.load_warehouse("saved")
    assert loaded.pool_size == 4
    assert loaded.password.get_secret_value() == MARK
    settings = await lookup.warehouse_settings("saved")
    assert settings.display == warehouse.display
    async with connected(settings) as connection:
        assert await connection.fetchval("select current_database()") == warehouse.database


@pytest.mark.prefect
async def test_named_block_overrides_the_environment(
    prefect_api: PrefectServer, warehouse: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await block_of(warehouse).asave("chosen", overwrite=True)
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann@db.example.com/elsewhere")
    assert (await lookup.warehouse_settings()).host == "db.example.com"
    assert (await lookup.warehouse_settings("chosen")).database == warehouse.database
    monkeypatch.setenv("RETAIL_WAREHOUSE", "chosen")
    assert (await lookup.warehouse_settings()).database == warehouse.database
    rows = {name: (value, origin) for name, value, origin in (await lookup.with_blocks())[0].rows}
    assert rows["DATABASE_URL"] == (warehouse.display, "block supabase-warehouse/chosen")
    assert settings_sources.read_settings().retail_warehouse == "chosen"


@pytest.mark.prefect
async def test_missing_block_is_named(prefect_api: PrefectServer) -> None:
    with pytest.raises(SettingsError, match="no SupabaseWarehouse block 'absent'"):
        await lookup.warehouse_settings("absent")
