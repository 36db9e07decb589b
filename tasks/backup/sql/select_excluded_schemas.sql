select n.nspname
from pg_namespace as n
where n.nspname <> 'information_schema'
    and n.nspname not like 'pg\_%'
    and n.oid not in (select s.oid from {schemas} as s)
order by n.nspname collate "C"
