-- What the type change has before it: bytes of the table and its indexes are written anew, and those of materialized views.
select json_build_object(
    'lines', (select coalesce(sum(rows_loaded), 0) from retail_ops.delivery),
    'table_bytes', pg_table_size('retail_dwh.fact_sale'::regclass),
    'index_bytes', pg_indexes_size('retail_dwh.fact_sale'::regclass),
    'view_bytes', (
        select coalesce(sum(pg_total_relation_size(v.oid)), 0)
        from pg_temp.dependent_view as v
        where v.is_populated
    ),
    'views', (select coalesce(json_agg(v.name order by v.depth, v.oid), '[]'::json) from pg_temp.dependent_view as v where not v.is_ours),
    'log_bytes', (
        select setting::bigint * 1024 * 1024
        from pg_settings
        where name = 'max_wal_size' and current_setting('wal_level') <> 'minimal'
    ),
    'database_bytes', pg_database_size(current_database())
)::text
