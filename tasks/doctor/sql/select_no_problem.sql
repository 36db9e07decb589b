-- Whether nothing would stop a run that has just begun, which shows that the schema is at head and takes writes. Short,
-- since every run sends it: where it is false, the doctor's questions say why.
current_setting('server_version_num')::int >= $1
and current_setting('server_encoding') = 'UTF8'
and (select setting::bigint from pg_settings where name = 'statement_timeout') = $2
and has_database_privilege(current_database(), 'temporary')
and not exists (
    select from pg_namespace as n
    where n.nspname in ('retail_dwh', 'retail_ops') and not (
        has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create')
        and not exists (
            select from pg_class as c
            where c.relnamespace = n.oid and c.relkind in ('r', 'v', 'S') and not pg_has_role(c.relowner, 'usage')
        )
    )
)
