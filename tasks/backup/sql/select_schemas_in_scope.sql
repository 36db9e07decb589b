select n.oid, n.nspname
from pg_namespace as n
where n.nspname <> 'information_schema'
    and n.nspname not like 'pg\_%'
    and (
        not n.nspname like any ($1)
        or n.nspname = any ($2::text[])
        or not exists (select from pg_roles where rolname = 'supabase_admin')
    )
