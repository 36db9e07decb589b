-- Without superusers, which read everything, and without the predefined roles of Postgres. Includes roles that can SET
-- ROLE to a reader; before Postgres 16 that is every member.
select
    r.rolname as role,
    coalesce(
        pg_has_role(r.oid, to_regrole('retail_reader'), 'usage')
        or pg_has_role(
            r.oid,
            to_regrole('retail_reader'),
            case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end
        ),
        false
    ) and r.rolname <> 'retail_reader' as reads,
    coalesce(has_schema_privilege(r.oid, to_regnamespace('retail_dwh'), 'usage'), false) as enters
from pg_roles as r
where r.rolname not like 'pg\_%' and not r.rolsuper
