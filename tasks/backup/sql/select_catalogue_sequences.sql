select 'sequences', format('%I.%I', s.nspname, c.relname), jsonb_build_object(
    'owner', pg_get_userbyid(c.relowner),
    'persistence', case c.relpersistence when 'u' then 'unlogged' when 'p' then 'logged' end,
    'type', format_type(q.seqtypid, null),
    'start', q.seqstart,
    'increment', q.seqincrement,
    'minimum', q.seqmin,
    'maximum', q.seqmax,
    'cache', q.seqcache,
    'cycle', q.seqcycle,
    'owned_by', (
        select format('%I.%I.%I', n.nspname, t.relname, a.attname)
        from pg_depend as d
        join pg_class as t on t.oid = d.refobjid
        join pg_namespace as n on n.oid = t.relnamespace
        join pg_attribute as a on a.attrelid = t.oid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
            and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    ),
    'is_identity', exists (
        select from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i'
    ),
    'comment', obj_description(c.oid, 'pg_class')
)
from pg_sequence as q
join pg_class as c on c.oid = q.seqrelid
join {schemas} as s on s.oid = c.relnamespace
where not exists (
    select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
)
