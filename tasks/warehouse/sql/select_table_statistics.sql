-- Sizes of our tables. Bloat is estimated from the average width of the columns, as far as the table was analysed.
select coalesce(json_agg(row_to_json(t) order by t.total_bytes desc, t.table_name), '[]'::json)
from (
    select
        c.relnamespace::regnamespace::text || '.' || c.relname as table_name,
        case when c.reltuples >= 0::real then c.reltuples::bigint end as rows_estimated,
        pg_relation_size(c.oid) as table_bytes,
        pg_indexes_size(c.oid) as index_bytes,
        coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0::oid)), 0) as toast_bytes,
        pg_total_relation_size(c.oid) as total_bytes,
        case
            when c.reltuples > 0::real and w.row_bytes is not null
                then greatest(
                    0::bigint,
                    pg_relation_size(c.oid)
                    - ceil(
                        c.reltuples * (24 + 4 + w.row_bytes)
                        / (
                            (current_setting('block_size')::integer - 24)
                            * coalesce(
                                (
                                    select substring(o.option from '^fillfactor=(\d+)$')::float8 / 100
                                    from unnest(c.reloptions) as o (option)
                                    where o.option like 'fillfactor=%'
                                ),
                                1
                            )
                        )
                    )::bigint * current_setting('block_size')::integer
                )
        end as bloat_bytes_estimated,
        s.n_dead_tup as dead_rows,
        greatest(s.last_vacuum, s.last_autovacuum) as last_vacuum,
        greatest(s.last_analyze, s.last_autoanalyze) as last_analyze
    from pg_catalog.pg_class as c
    left join pg_catalog.pg_stat_all_tables as s on s.relid = c.oid
    left join (
        select schemaname, tablename, sum((1 - null_frac) * avg_width) as row_bytes
        from pg_catalog.pg_stats
        group by schemaname, tablename
    ) as w on w.schemaname = c.relnamespace::regnamespace::text and w.tablename = c.relname
    where c.relkind = 'r' and c.relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace)
) as t
