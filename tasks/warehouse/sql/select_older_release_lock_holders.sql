-- Sessions that hold the lock of releases up to 0.1 and can load. Other roles cannot stop loads with it.
select a.pid, a.usename::text as role, a.application_name::text as application, a.xact_start as since
from pg_catalog.pg_locks as l
join pg_catalog.pg_stat_activity as a on a.pid = l.pid
where
    l.locktype = 'advisory'
    and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
    and l.classid = ((hashtext($1)::bigint >> 32) & 4294967295)::oid
    and l.objid = (hashtext($1)::bigint & 4294967295)::oid
    and l.objsubid = 1
    and l.granted
    and has_table_privilege(a.usesysid, 'retail_ops.delivery', 'insert')
