-- pg_dump locks and reads every table and sequence, except those that an extension creates.
with dumped as (
    select
        format('%I.%I', n.nspname, c.relname) as name,
        has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as readable,
        c.relrowsecurity
            and not (r.rolsuper or r.rolbypassrls)
            and (c.relforcerowsecurity or not pg_has_role(c.relowner, 'usage')) as hidden
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_roles as r on r.rolname = current_user
    where c.relkind in ('r', 'p', 'm', 'S')
        and n.nspname <> 'information_schema'
        and n.nspname not like 'pg\_%'
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
        )
)
select
    array(select name from dumped where not readable order by name) as unreadable,
    array(select name from dumped where readable and hidden order by name) as hidden
