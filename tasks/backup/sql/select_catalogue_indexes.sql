-- pg_dump leaves out indexes that CREATE INDEX CONCURRENTLY left invalid.
select 'indexes', format('%I.%I', s.nspname, i.relname), jsonb_build_object(
    'table', format('%I.%I', s.nspname, c.relname),
    'definition', pg_get_indexdef(i.oid),
    'is_clustered', x.indisclustered,
    'is_replica_identity', x.indisreplident,
    'parent', (select p.relname from pg_inherits as h join pg_class as p on p.oid = h.inhparent where h.inhrelid = i.oid),
    'statistics', (
        select jsonb_object_agg(a.attnum, a.attstattarget) from pg_attribute as a
        where a.attrelid = i.oid and a.attstattarget >= 0
    ),
    'comment', obj_description(i.oid, 'pg_class')
)
from pg_index as x
join pg_class as i on i.oid = x.indexrelid
join pg_class as c on c.oid = x.indrelid
join {schemas} as s on s.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm')
    and ((x.indisvalid and x.indisready) or c.relkind = 'p')
    and not exists (
        select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
