"""The block that holds the way to a warehouse."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.connector import WarehouseConnector, connector_to
from tasks.postgres.connect import ConnectionSettings, check_for_loads, check_tls

TlsMode = Literal["verify-full", "verify-ca", "require", "prefer", "disable"]


class SupabaseWarehouse(Block):
    """The way to a warehouse on Supabase, or on any other Postgres from 15 on.

    Take host, port and user from *Connect* in the project's dashboard: the direct connection, or the session
    pooler. The transaction pooler (port 6543) cannot carry loads and is refused.

    Example:
        Load the block in a flow or a notebook, and query through its engine:
        ```python
        from blocks import SupabaseWarehouse

        warehouse = SupabaseWarehouse.load("BLOCK_NAME")
        async with warehouse.connector() as database:
            rows = await database.fetch_all("select * from retail_dwh.daily_sales")
        ```

        Load deliveries into it:
        ```python
        from flows import retail_etl

        report = await retail_etl(sources=["/srv/tills"], warehouse="BLOCK_NAME")
        ```
    """

    _block_type_name = "Supabase Warehouse"
    _block_type_slug = "supabase-warehouse"
    _logo_url = HttpUrl("https://supabase.com/favicon/favicon-196x196.png")
    _documentation_url = HttpUrl("https://supabase.com/docs/guides/database/connecting-to-postgres")

    host: str = Field(
        title="Host",
        description="Host name, such as aws-0-eu-west-2.pooler.supabase.com, or the folder of a Unix socket.",
        min_length=1,
    )
    port: int = Field(
        default=5432,
        title="Port",
        description="5432 for the direct connection and the session pooler; 6543 cannot carry loads.",
        ge=1,
        le=65535,
    )
    database: str = Field(
        default="postgres", title="Database", description="Name of the database.", min_length=1
    )
    user: str = Field(
        default="postgres",
        title="User",
        description="Role that owns the warehouse; on the shared pooler ROLE.PROJECT, such as postgres.abcdefghijkl.",
        min_length=1,
    )
    # No field may be None: Prefect's form turns such a union into a pair of tabs.
    password: SecretStr = Field(default=SecretStr(""), title="Password", description="Password of that role.")
    tls_mode: TlsMode = Field(
        default="verify-full",
        title="TLS mode",
        description="verify-full with the project's CA certificate is best; require encrypts without checking who "
        "answers; weaker modes are accepted for this machine only.",
    )
    ca_certificate: str = Field(
        default="",
        title="CA certificate",
        description="The project's CA certificates in PEM form (-----BEGIN CERTIFICATE----- …), or the path of a "
        "file with them on the worker. Empty, the authorities of the worker's system are trusted.",
    )
    connect_seconds: float = Field(
        default=60.0,
        gt=0,
        le=3600,
        title="Connection time limit (seconds)",
        description="Seconds for all tries of one connection together.",
    )
    backoff_seconds: float = Field(
        default=0.5,
        gt=0,
        le=60,
        title="First pause between tries (seconds)",
        description="It doubles from try to try, with jitter.",
    )
    backoff_max_seconds: float = Field(
        default=8.0,
        gt=0,
        le=600,
        title="Longest pause between tries (seconds)",
        description="The pause between tries does not grow beyond it.",
    )
    statement_timeout_minutes: float = Field(
        default=30.0,
        gt=0,
        le=1440,
        title="Statement time limit (minutes)",
        description="After it the server ends a statement of a load; Supabase's own limit is 2 minutes.",
    )
    pool_size: int = Field(
        default=0,
        ge=0,
        le=100,
        title="Pool size",
        description="Connections kept for queries. 0 leaves both sizes to the way in: 10 + 20, on the shared "
        "session pooler 5 + 5.",
    )
    max_overflow: int = Field(
        default=20,
        ge=0,
        le=100,
        title="Pool overflow",
        description="Connections above the pool size at need; used where the pool size is not 0.",
    )

    def connection_settings(self) -> ConnectionSettings:
        """The plain settings that the stages connect with.

        Raises SettingsError for a host off this machine without TLS, and for the transaction pooler.
        """
        settings = ConnectionSettings(
            host=self.host,
            port=self.port,
            database=self.database,
            user=self.user,
            password=self.password if self.password.get_secret_value() else None,
            sslmode=self.tls_mode,
            sslrootcert=self.ca_certificate or None,
            connect_seconds=self.connect_seconds,
            backoff_seconds=self.backoff_seconds,
            backoff_max_seconds=self.backoff_max_seconds,
            statement_timeout=self.statement_timeout_minutes * 60,
            pool_size=self.pool_size or None,
            max_overflow=self.max_overflow if self.pool_size else None,
        )
        check_tls(settings)
        check_for_loads(settings)
        return settings

    def as_settings(self) -> dict[str, Any]:
        """What this block sets, by the names of the environment's settings; None where it leaves it open."""
        address = self.connection_settings()
        password = f":{quote(self.password.get_secret_value(), safe='')}" if address.password else ""
        place = address.display.replace(f"{quote(self.user)}@", f"{quote(self.user)}{password}@", 1)
        joint = "&" if "?" in place else "?"
        return {
            "database_url": SecretStr(f"{place}{joint}sslmode={self.tls_mode}"),
            "retail_connect_seconds": self.connect_seconds,
            "retail_statement_timeout_minutes": self.statement_timeout_minutes,
            "retail_pool_size": address.pool_size,
            "retail_pool_overflow": address.max_overflow,
        }

    def connector(self) -> WarehouseConnector:
        """prefect-sqlalchemy's connector over a pool of this block's sizes, for queries of your own.

        Its connections keep the block's TLS mode, retry and budget. Never COPY through it: under SQLAlchemy
        that commits by itself. Raises SettingsError as ``connection_settings`` does.
        """
        return connector_to(self.connection_settings())
