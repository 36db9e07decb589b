-- Tables that a backup locks and dumps: ordinary ones and partitioned ones, each with its bytes and its right of reading.
select jsonb_build_object(
    'name', format('%I.%I', n.nspname, c.relname),
    'kind', c.relkind,
    'bytes', case when c.relkind = 'r' then pg_table_size(c.oid) else 0 end,
    'is_readable', has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'),
    'is_hidden',
    c.relrowsecurity
    and not (r.rolsuper or r.rolbypassrls)
    and (c.relforcerowsecurity or not pg_has_role(c.relowner, 'usage'))
)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_roles as r on r.rolname = current_user
where
    c.relkind in ('r', 'p')
    and n.nspname <> 'information_schema'
    and n.nspname not like 'pg\_%'
    and n.nspname <> all ($1)
    and (cardinality($2::text[]) = 0 or format('%I.%I', n.nspname, c.relname) = any ($2))
    and not exists (
        select
        from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
order by 1
