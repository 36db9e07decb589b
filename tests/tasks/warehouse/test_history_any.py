"""After any history, a warehouse equals one clean load of the final contents."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tasks.ingest.readers import parquet
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.expected import assert_exactly
from tests.support.histories import Player, Step, histories
from tests.support.plain_run import state
from tests.support.slices import fresh_warehouse
from tests.support.soak import size


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split every delivery into several parts, as otherwise only huge ones are."""
    monkeypatch.setattr(parquet, "ROWS_PER_PART", 7)


async def _check(
    server: EmbeddedServer,
    template: str,
    factory: pytest.TempPathFactory,
    history: list[Step],
    identical: str,
) -> None:
    player = Player(factory.mktemp("history"), identical)
    async with fresh_warehouse(server, template) as warehouse, fresh_warehouse(server, template) as clean:
        await player.play(warehouse, history)
        await assert_exactly(warehouse, player.contents)
        after = await state(warehouse)
        assert after == await player.clean_load(clean)
        assert await player.load_all(warehouse) == 0
        assert await state(warehouse) == after


@settings(max_examples=size(3, soak=1))
@given(history=histories())
async def test_a_few_histories_equal_a_clean_load(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory, history: list[Step]
) -> None:
    await _check(server, template, tmp_path_factory, history, "keep")


@pytest.mark.slow
@settings(max_examples=size(25, soak=146))
@given(history=histories())
async def test_any_history_equals_a_clean_load(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory, history: list[Step]
) -> None:
    await _check(server, template, tmp_path_factory, history, "keep")


@pytest.mark.slow
@settings(max_examples=size(10, soak=40))
@given(history=histories())
async def test_any_history_of_deliveries_in_parts_equals_a_clean_load(
    server: EmbeddedServer,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    small_parts: None,
    history: list[Step],
) -> None:
    await _check(server, template, tmp_path_factory, history, "keep")


@pytest.mark.slow
@settings(max_examples=size(10, soak=40))
@given(history=histories())
async def test_any_history_without_identical_lines_equals_a_clean_load(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory, history: list[Step]
) -> None:
    await _check(server, template, tmp_path_factory, history, "drop")
