-- closed: our schemas that this role may not use or create in. foreign_: relations in them that it does not own, so
-- that row-level security hides their rows and it cannot add keys or indexes.
select
    r.rolname as role,
    has_database_privilege(current_database(), 'temporary') as temporary,
    has_database_privilege(current_database(), 'create') as create_schemas,
    r.rolsuper or r.rolcreaterole as create_roles,
    to_regrole('retail_reader') is not null as reader_exists,
    array(select nspname::text from pg_namespace where nspname in ('retail_dwh', 'retail_ops')) as schemas,
    array(
        select nspname::text
        from pg_namespace
        where nspname in ('retail_dwh', 'retail_ops')
            and not (has_schema_privilege(oid, 'usage') and has_schema_privilege(oid, 'create'))
        order by nspname
    ) as closed,
    array(
        select format('%I.%I', n.nspname, c.relname)
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname in ('retail_dwh', 'retail_ops')
            and c.relkind in ('r', 'v', 'S')
            and not pg_has_role(c.relowner, 'usage')
        order by 1
    ) as foreign_
from pg_roles as r
where r.rolname = current_user
