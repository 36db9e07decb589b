"""Our own views are other ones after the type of quantities changed, and keep what somebody gave them."""

from __future__ import annotations

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.migrate import head_revision, migrate
from tests.support.older_schema import create_schema_at

_CHANGES = """
alter view retail_dwh.daily_sales set (security_barrier = true);
comment on view retail_dwh.sale_line is '@graphql(...)';
comment on column retail_dwh.daily_sales.units is 'Pieces, our''s.';
create or replace view retail_dwh.sale_line with (security_invoker = true) as {sale_line} ;
comment on column retail_dwh.sale_line.shop is 'A column of somebody.';
"""


_COMMENTS = """
select c.relname, a.attname, coalesce(col_description(c.oid, a.attnum), ''), obj_description(c.oid), c.reloptions
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'retail_dwh'::regnamespace and c.relkind = 'v'
"""


async def _comments(warehouse: ConnectionSettings) -> dict[tuple[str, str], tuple[str, str, list[str]]]:
    async with connected(warehouse) as connection:
        rows = await connection.fetch(_COMMENTS)
    return {(view, column): tuple(rest) for view, column, *rest in rows}


async def test_options_and_comments_that_somebody_gave_them(
    empty: ConnectionSettings, warehouse: ConnectionSettings
) -> None:
    await create_schema_at(empty, "0022_decimal_of_loaded_feeds")
    async with connected(empty) as connection:
        ours = await connection.fetchval("select pg_get_viewdef('retail_dwh.sale_line'::regclass)")
        more = ours.rstrip(";").replace("f.copy_number", "f.copy_number, 'Leeds'::text as shop")
        await connection.execute(_CHANGES.format(sale_line=more))
    assert await migrate(empty) == head_revision()
    expected = {
        (view, column): (
            "Pieces, our's." if (view, column) == ("daily_sales", "units") else comment,
            "@graphql(...)" if view == "sale_line" else of_view,
            [*options, "security_barrier=true"] if view == "daily_sales" else options,
        )
        for (view, column), (comment, of_view, options) in (await _comments(warehouse)).items()
    }
    assert await _comments(empty) == expected
