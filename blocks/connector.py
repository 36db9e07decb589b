"""prefect-sqlalchemy's connector over a pool of the warehouse's."""

from __future__ import annotations

from typing import Any

from prefect_sqlalchemy import AsyncDriver, AsyncSqlAlchemyConnector, ConnectionComponents
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tasks.errors import WarehouseBusy
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.pool import engine_options


class WarehouseConnector(AsyncSqlAlchemyConnector):  # type: ignore[misc]  # it has no types
    """The connector of a SupabaseWarehouse block; made by its ``connector``, not saved by itself.

    ``fetch_all`` asks anew each time and gives its connection back at once: the base class would go on with the
    finished answer of the same query, and hold a connection for each different one. ``fetch_one`` and
    ``fetch_many`` are the base class's cursors, which ``reset_connections`` ends.
    """

    _block_type_name = "Retail Warehouse Connector"

    async def fetch_all(
        self, operation: str, parameters: dict[str, Any] | None = None, **execution_options: Any
    ) -> list[Any]:
        """All rows of one query, with ``:name`` parameters.

        Raises WarehouseBusy if none of the pool's connections became free, SQLAlchemy's errors for the rest.
        """
        connection = self.get_engine().connect()
        try:
            await connection.start()
        except PoolTimeout:
            raise WarehouseBusy(
                f"All connections of the pool to {self._rendered_url.host} were in use.",
                "Ask less at once, or raise the block's pool size and overflow.",
            ) from None
        try:
            answer = await connection.execute(
                text(operation), parameters, execution_options=execution_options
            )
            return list(answer.fetchall())
        finally:
            await connection.close()


def connector_to(settings: ConnectionSettings) -> WarehouseConnector:
    """A connector with the settings' TLS mode, connection retry, budget and pool sizes."""
    connector = WarehouseConnector(
        connection_info=ConnectionComponents(
            driver=AsyncDriver.POSTGRESQL_ASYNCPG,
            username=settings.user,
            password=settings.password,
            host=settings.host,
            port=settings.port,
            database=settings.database,
        )
    )
    connector.get_engine(**engine_options(settings))
    return connector
