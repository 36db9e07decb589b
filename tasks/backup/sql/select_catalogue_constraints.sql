-- Foreign keys of partitions are left out: they follow from their root's, under names that a restore may choose anew.
select 'constraints', format('%s %I', o.name, k.conname), jsonb_build_object(
    'on', o.name,
    'name', k.conname,
    'kind', case k.contype
        when 'c' then 'check' when 'f' then 'foreign key' when 'p' then 'primary key' when 'u' then 'unique'
        when 'x' then 'exclusion' when 'n' then 'not null'
    end,
    'definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
    'validated', k.convalidated,
    'index', case when k.contype in ('p', 'u', 'x') then (select i.relname from pg_class as i where i.oid = k.conindid) end,
    'comment', obj_description(k.oid, 'pg_constraint')
)
from pg_constraint as k
cross join lateral (
    select format('%I.%I', s.nspname, c.relname) as name
    from pg_class as c
    join {schemas} as s on s.oid = c.relnamespace
    where c.oid = k.conrelid and not exists (
        select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
    union all
    select format('%I.%I', s.nspname, t.typname)
    from pg_type as t
    join {schemas} as s on s.oid = t.typnamespace
    where t.oid = k.contypid and not exists (
        select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
    )
) as o
where k.contype in ('c', 'f', 'p', 'u', 'x', 'n')
    and not (k.contype = 'f' and k.conparentid <> 0)
