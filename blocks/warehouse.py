"""The block with the connection settings of a warehouse."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.connector import WarehouseConnector, connector_to
from tasks.postgres.connect import ConnectionSettings, check_for_loads, check_tls

TlsMode = Literal["verify-full", "verify-ca", "require", "prefer", "disable"]


class SupabaseWarehouse(Block):
    """Connection settings of a warehouse on Supabase, or on any other Postgres 15 or later.

    Copy host, port and user from *Connect* in the project's dashboard: the direct connection or the session pooler.
    The transaction pooler (port 6543) does not support loads and is rejected.

    Example:
        Load the block in a flow or a notebook, and run a query:
        ```python
        from blocks import SupabaseWarehouse

        warehouse = SupabaseWarehouse.load("BLOCK_NAME")
        async with warehouse.connector() as database:
            rows = await database.fetch_all("select * from retail_dwh.daily_sales")
        ```

        Load deliveries into the warehouse:
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
        description="5432 for the direct connection and the session pooler; 6543 does not support loads.",
        ge=1,
        le=65535,
    )
    database: str = Field(
        default="postgres", title="Database", description="Name of the database.", min_length=1
    )
    user: str = Field(
        default="postgres",
        title="User",
        description="Role that owns the warehouse; for the shared pooler ROLE.PROJECT, such as postgres.abcdefghijkl.",
        min_length=1,
    )
    # No field accepts None: Prefect's form renders such a union as tabs.
    password: SecretStr = Field(default=SecretStr(""), title="Password", description="Password of the user.")
    tls_mode: TlsMode = Field(
        default="verify-full",
        title="TLS mode",
        description="verify-full with the project's CA certificate is best. require encrypts without verifying the "
        "server. Weaker modes are accepted for this machine only.",
    )
    ca_certificate: str = Field(
        default="",
        title="CA certificate",
        description="The project's CA certificates in PEM format (-----BEGIN CERTIFICATE----- …). The path of a file "
        "also works, if every worker has it. Empty: the certificate authorities of the worker's system are trusted.",
    )
    connect_seconds: float = Field(
        default=60.0,
        gt=0,
        le=3600,
        title="Connection time limit (seconds)",
        description="Seconds for all attempts to connect together.",
    )
    backoff_seconds: float = Field(
        default=0.5,
        gt=0,
        le=60,
        title="First pause between attempts (seconds)",
        description="Pause before the second attempt; doubles with each attempt, with jitter.",
    )
    backoff_max_seconds: float = Field(
        default=8.0,
        gt=0,
        le=600,
        title="Longest pause between attempts (seconds)",
        description="Upper limit of the pause between attempts.",
    )
    statement_timeout_minutes: float = Field(
        default=30.0,
        gt=0,
        le=1440,
        title="Statement time limit (minutes)",
        description="The server cancels a statement of a load after this time; Supabase's own limit is 2 minutes.",
    )
    pool_size: int = Field(
        default=0,
        ge=0,
        le=100,
        title="Pool size",
        description="Connections kept open for queries. 0: both sizes depend on the connection method, 10 + 20, or "
        "5 + 5 on the shared session pooler.",
    )
    max_overflow: int = Field(
        default=20,
        ge=0,
        le=100,
        title="Pool overflow",
        description="Additional connections at peak; ignored if the pool size is 0.",
    )

    def connection_settings(self) -> ConnectionSettings:
        """Convert the block to the settings that the stages connect with.

        Raises:
            SettingsError: A remote host without TLS, or the transaction pooler.
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
        """The block's values by name of the setting in ``Settings``; None where the block sets nothing."""
        address = self.connection_settings()
        password = f":{quote(self.password.get_secret_value(), safe='')}" if address.password else ""
        url = address.display.replace(f"{quote(self.user)}@", f"{quote(self.user)}{password}@", 1)
        separator = "&" if "?" in url else "?"
        return {
            "database_url": SecretStr(f"{url}{separator}sslmode={self.tls_mode}"),
            "retail_connect_seconds": self.connect_seconds,
            "retail_statement_timeout_minutes": self.statement_timeout_minutes,
            "retail_pool_size": address.pool_size,
            "retail_pool_overflow": address.max_overflow,
        }

    def connector(self) -> WarehouseConnector:
        """Create prefect-sqlalchemy's connector on a pool of this block's sizes, for your own queries.

        Its connections have the block's TLS mode, retries and connection limit. Do not COPY through it: under
        SQLAlchemy that commits by itself. Raises SettingsError like ``connection_settings``.
        """
        return connector_to(self.connection_settings())
