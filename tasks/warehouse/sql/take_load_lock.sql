-- Take the load lock; say who holds it if it is not free within lock_timeout.
do $$
begin
    lock table retail_ops.load_lock in share row exclusive mode;
exception
    when lock_not_available then
        raise exception 'another load holds the load lock'
        using
            errcode = 'RT005',
            detail = coalesce(
                (
                    select jsonb_build_object(
                        'pid', a.pid, 'role', a.usename, 'application', a.application_name, 'since', a.xact_start
                    )
                    from pg_catalog.pg_locks as l
                    join pg_catalog.pg_stat_activity as a on a.pid = l.pid
                    where
                        l.locktype = 'relation'
                        and l.relation = 'retail_ops.load_lock'::regclass
                        and l.mode = 'ShareRowExclusiveLock'
                        and l.granted
                    order by a.xact_start
                    limit 1
                ),
                'null'
            )::text;
end
$$
