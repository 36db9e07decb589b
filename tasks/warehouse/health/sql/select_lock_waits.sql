with waiting as (
    select
        l.pid,
        min(l.waitstart) as since,
        min(l.relation::regclass::text) filter (
            where l.database = (select d.oid from pg_database as d where d.datname = current_database())
        ) as relation
    from pg_locks as l
    where not l.granted
    group by l.pid
)
select
    w.pid,
    a.usename::text as role,
    a.application_name as application,
    w.relation,
    extract(epoch from clock_timestamp() - w.since)::float8 as seconds,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object('pid', b.pid, 'role', o.usename, 'application', o.application_name) order by b.pid
            ),
            '[]'
        )
        from (select distinct unnest(pg_blocking_pids(w.pid)) as pid) as b
        left join pg_stat_activity as o on o.pid = b.pid
    ) as blockers
from waiting as w
join pg_stat_activity as a on a.pid = w.pid
where a.datname = current_database()
order by w.since nulls last, w.pid
limit 20
