-- Which of these functions, by schemas ($1) and names ($2), exist.
select distinct n.nspname as schema, p.proname as name
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
join unnest($1::text[], $2::text[]) as wanted (schema, name) on wanted.schema = n.nspname and wanted.name = p.proname
