-- Sizes of the database and our tables. Rows are the planner's estimate, since counting a large table takes seconds;
-- the lines of fact_sale are the ledger's sum, which equals them.
select json_agg(json_build_array(s.metric, s.labels, s.value))
from (
    select 'retail_database_size_bytes' as metric, '[]'::json as labels, pg_database_size(current_database())::numeric as value
    union all
    select 'retail_warehouse_lines', '[]'::json, coalesce(sum(rows_loaded), 0)
    from retail_ops.delivery
    union all
    select v.metric, json_build_array(c.relnamespace::regnamespace::text || '.' || c.relname), v.value
    from pg_catalog.pg_class as c
    cross join lateral (
        values
            ('retail_table_size_bytes', pg_total_relation_size(c.oid)::numeric),
            (
                'retail_table_rows',
                case
                    when c.reltuples >= 0::real then c.reltuples::numeric
                    else coalesce(pg_stat_get_live_tuples(c.oid), 0)::numeric
                end
            )
    ) as v (metric, value)
    where c.relkind = 'r' and c.relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace)
) as s
