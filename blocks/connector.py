"""prefect-sqlalchemy's connector on a pool with the warehouse's settings."""

from __future__ import annotations

from typing import Any

from prefect_sqlalchemy import AsyncDriver, AsyncSqlAlchemyConnector, ConnectionComponents
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tasks.errors import WarehouseBusy
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.pool import engine_options


class WarehouseConnector(AsyncSqlAlchemyConnector):  # type: ignore[misc]  # it has no types
    """The connector of a SupabaseWarehouse block, created by ``SupabaseWarehouse.connector``; not saved itself.

    ``fetch_all`` runs the query each time and releases its connection at once; the base class would return the
    exhausted result of an equal query, and hold a connection per distinct query. ``fetch_one`` and ``fetch_many``
    are the base class's cursors, which ``reset_connections`` closes.
    """

    _block_type_name = "Retail Warehouse Connector"

    async def fetch_all(
        self, operation: str, parameters: dict[str, Any] | None = None, **execution_options: Any
    ) -> list[Any]:
        """Run a query and return all rows.

        Args:
            operation: SQL with ``:name`` parameters.
            parameters: Values by name.
            execution_options: SQLAlchemy's execution options.

        Raises:
            WarehouseBusy: No connection of the pool became free in time.
            SQLAlchemyError: The database rejected the query, or the connection failed.
        """
        connection = self.get_engine().connect()
        try:
            await connection.start()
        except PoolTimeout:
            raise WarehouseBusy(
                f"All connections of the pool to {self._rendered_url.host} were in use.",
                "Run fewer queries at once, or raise the block's pool size and overflow.",
            ) from None
        try:
            result = await connection.execute(
                text(operation), parameters, execution_options=execution_options
            )
            return list(result.fetchall())
        finally:
            await connection.close()


def connector_to(settings: ConnectionSettings) -> WarehouseConnector:
    """Create a connector with the TLS mode, retries, connection limit and pool sizes of the settings."""
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
