select coalesce(json_agg(row_to_json(h) order by h.since), '[]'::json)
from (
    select
        l.pid,
        a.usename as role,
        a.application_name as application,
        a.xact_start as since,
        l.granted
    from pg_catalog.pg_locks as l
    join pg_catalog.pg_stat_activity as a on a.pid = l.pid
    where
        l.locktype = 'relation'
        and l.relation = 'retail_ops.load_lock'::regclass
        and l.mode = 'ShareRowExclusiveLock'
) as h
