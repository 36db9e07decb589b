-- Indexes of our tables that were never scanned, that are invalid, or that another index makes superfluous.
with ours as (
    select
        i.indexrelid,
        i.indrelid,
        i.indisunique,
        i.indisvalid,
        i.indkey::text as keys,
        i.indclass::text as classes,
        coalesce(pg_get_expr(i.indpred, i.indrelid), '') as predicate,
        coalesce(pg_get_expr(i.indexprs, i.indrelid), '') as expressions,
        a.amname as method,
        s.idx_scan as scans,
        pg_relation_size(i.indexrelid) as bytes
    from pg_catalog.pg_index as i
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    join pg_catalog.pg_am as a on a.oid = c.relam
    left join pg_catalog.pg_stat_all_indexes as s on s.indexrelid = i.indexrelid
    where c.relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace)
),
fault as (
    select indexrelid, 'invalid' as fault, null::oid as other
    from ours
    where not indisvalid
    union all
    select indexrelid, 'unused', null::oid
    from ours
    where indisvalid and not indisunique and scans = 0
    union all
    select o.indexrelid, 'duplicate', min(d.indexrelid)
    from ours as o
    join ours as d
        on d.indrelid = o.indrelid
        and d.method = o.method
        and d.predicate = o.predicate
        and d.expressions = o.expressions
        and d.indexrelid <> o.indexrelid
        and (
            (d.keys = o.keys and d.classes = o.classes and (d.indisunique, -d.indexrelid::bigint) > (o.indisunique, -o.indexrelid::bigint))
            -- A B-tree on the first columns of another's adds nothing.
            or (not o.indisunique and o.method = 'btree' and d.keys like o.keys || ' %' and d.classes like o.classes || ' %')
        )
    group by o.indexrelid
)
select coalesce(json_agg(row_to_json(r) order by r.fault, r.bytes desc, r.index_name), '[]'::json)
from (
    select
        f.fault,
        f.indexrelid::regclass::text as index_name,
        o.indrelid::regclass::text as table_name,
        f.other::regclass::text as covered_by,
        o.bytes
    from fault as f
    join ours as o using (indexrelid)
) as r
