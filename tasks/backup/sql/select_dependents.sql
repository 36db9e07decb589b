-- Objects outside of the given schemas that would be dropped with the objects inside, one JSON text each.
with recursive wanted as (
    select n.oid from pg_namespace as n where n.nspname = any ($1::text[])
),
dependent (classid, objid, objsubid) as (
    select 'pg_class'::regclass::oid, c.oid, 0 from pg_class as c join wanted on wanted.oid = c.relnamespace
    where c.oid is distinct from to_regclass('retail_ops.load_lock')
    union
    select 'pg_proc'::regclass::oid, p.oid, 0 from pg_proc as p join wanted on wanted.oid = p.pronamespace
    where not exists (
        select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    )
    union
    select 'pg_type'::regclass::oid, t.oid, 0 from pg_type as t join wanted on wanted.oid = t.typnamespace
    where not exists (
        select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
    )
    union
    select
        case when r.oid is null then d.classid else 'pg_class'::regclass::oid end,
        coalesce(r.ev_class, d.objid),
        case when r.oid is null then d.objsubid else 0 end
    from dependent
    join pg_depend as d
        on d.refclassid = dependent.classid and d.refobjid = dependent.objid and dependent.objsubid = 0
        and d.deptype in ('n', 'a', 'i')
    left join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
)
select to_json(i.type || ' ' || i.identity)
from dependent as d
cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) as i
left join pg_constraint as k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
left join pg_policy as p on d.classid = 'pg_policy'::regclass and p.oid = d.objid
left join pg_trigger as g on d.classid = 'pg_trigger'::regclass and g.oid = d.objid and not g.tgisinternal
left join pg_class as c
    on c.oid = coalesce(k.conrelid, p.polrelid, g.tgrelid, case when d.classid = 'pg_class'::regclass then d.objid end)
left join pg_proc as f on d.classid = 'pg_proc'::regclass and f.oid = d.objid
where coalesce(c.relnamespace, f.pronamespace) not in (select wanted.oid from wanted)
    and coalesce(c.relkind, 'r') in ('r', 'p', 'v', 'm', 'f')
    and coalesce(c.relnamespace, 0) <> 'pg_toast'::regnamespace
order by 1::text
