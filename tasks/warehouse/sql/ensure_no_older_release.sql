-- Sessions of releases up to 0.1 hold an advisory lock. One that cannot load cannot stop loads with it.
do $$
declare
    holder jsonb;
begin
    if not pg_try_advisory_xact_lock(hashtext('prefect-retail load')) then
        select jsonb_build_object(
            'pid', a.pid, 'role', a.usename, 'application', a.application_name, 'since', a.xact_start
        )
        into holder
        from pg_catalog.pg_locks as l
        join pg_catalog.pg_stat_activity as a on a.pid = l.pid
        where
            l.locktype = 'advisory'
            and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
            and l.classid = ((hashtext('prefect-retail load')::bigint >> 32) & 4294967295)::oid
            and l.objid = (hashtext('prefect-retail load')::bigint & 4294967295)::oid
            and l.objsubid = 1
            and l.granted
            and has_table_privilege(a.usesysid, 'retail_ops.delivery', 'insert')
        limit 1;
        if holder is not null then
            raise exception 'a load of an older release holds its lock' using errcode = 'RT001', detail = holder::text;
        end if;
        perform pg_try_advisory_xact_lock(hashtext('prefect-retail load'));
    end if;
end
$$
