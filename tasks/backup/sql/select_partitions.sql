select distinct format('%I.%I', n.nspname, c.relname) as name
from (
    select t::regclass as table_
    from unnest($1::text[]) as t
    union
    select p.relid
    from unnest($1::text[]) as t
    cross join lateral pg_partition_tree(t::regclass) as p
) as r
join pg_class as c on c.oid = r.table_
join pg_namespace as n on n.oid = c.relnamespace
order by 1
