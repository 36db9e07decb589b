select s.nspname as schema_name, c.relname as table_name, format('%I.%I', s.nspname, c.relname) as quoted
from pg_class as c
join {schemas} as s on s.oid = c.relnamespace
where c.relkind in ('r', 'p')
order by 3
