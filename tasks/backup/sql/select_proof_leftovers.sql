-- Scratch databases that no running proof uses, and roles that were made for one that is gone.
select 'database' as kind, d.datname as name
from pg_database as d
where d.datname ~ '^retail_proof_[0-9a-f]{32}$'
    and d.datdba = (select r.oid from pg_roles as r where r.rolname = current_user)
    and not exists (select from pg_stat_activity as a where a.application_name = d.datname)
union all
select 'role', r.rolname
from pg_roles as r
cross join lateral shobj_description(r.oid, 'pg_authid') as made_for
where made_for ~ '^retail_proof_[0-9a-f]{32}$'
    and not exists (select from pg_database as d where d.datname = made_for)
