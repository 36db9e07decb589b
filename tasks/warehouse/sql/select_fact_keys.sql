select
    (
        select json_object_agg(c.relname, i.indisvalid)
        from pg_index as i
        join pg_class as c on c.oid = i.indexrelid
        where i.indrelid = fact.oid
    ) as indexes,
    array(select conname::text from pg_constraint where conrelid = fact.oid) as constraints,
    -- Building an index sets reltuples too, so a row count alone does not mean that the table was analysed.
    reltuples < 0::real or (
        reltuples > 0::real
        and not exists (select from pg_stats where schemaname = 'retail_dwh' and tablename = 'fact_sale')
    ) as lacks_statistics
from pg_class as fact
where fact.oid = 'retail_dwh.fact_sale'::regclass
