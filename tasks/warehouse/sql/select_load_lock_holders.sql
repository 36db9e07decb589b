select a.pid, a.usename::text as role, a.application_name::text as application, a.xact_start as since
from pg_catalog.pg_locks as l
join pg_catalog.pg_stat_activity as a on a.pid = l.pid
where
    l.locktype = 'relation'
    and l.relation = 'retail_ops.load_lock'::regclass
    and l.mode = 'ShareRowExclusiveLock'
    and l.granted
order by a.xact_start
