-- Privileges of every object in scope, one row each; an object without its own list has the default of its kind.
with object as (
    select 'schemas' as section, format('%I', s.nspname) as key, null as part, n.nspowner as owner,
        coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl, 'pg_namespace'::regclass as class, n.oid
    from {schemas} as s join pg_namespace as n on n.oid = s.oid
    union all
    select case when c.relkind = 'S' then 'sequences' else 'relations' end, format('%I.%I', s.nspname, c.relname), null,
        c.relowner, coalesce(c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char", c.relowner)),
        'pg_class'::regclass, c.oid
    from pg_class as c join {schemas} as s on s.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select 'relations', format('%I.%I', s.nspname, c.relname), a.attname, c.relowner, a.attacl, 'pg_class'::regclass, c.oid
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    join {schemas} as s on s.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped and a.attacl is not null
    union all
    select 'functions', format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), null,
        p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)), 'pg_proc'::regclass, p.oid
    from pg_proc as p join {schemas} as s on s.oid = p.pronamespace
    union all
    select 'types', format('%I.%I', s.nspname, t.typname), null, t.typowner,
        coalesce(t.typacl, acldefault('T', t.typowner)), 'pg_type'::regclass, t.oid
    from pg_type as t join {schemas} as s on s.oid = t.typnamespace
    union all
    select 'languages', format('%I', l.lanname), null, l.lanowner,
        coalesce(l.lanacl, acldefault('l', l.lanowner)), 'pg_language'::regclass, l.oid
    from pg_language as l
    union all
    select 'foreign_data_wrappers', format('%I', w.fdwname), null, w.fdwowner,
        coalesce(w.fdwacl, acldefault('F', w.fdwowner)), 'pg_foreign_data_wrapper'::regclass, w.oid
    from pg_foreign_data_wrapper as w
    union all
    select 'foreign_servers', format('%I', f.srvname), null, f.srvowner,
        coalesce(f.srvacl, acldefault('S', f.srvowner)), 'pg_foreign_server'::regclass, f.oid
    from pg_foreign_server as f
)
select 'privileges', concat_ws(' ', o.section, o.key), jsonb_build_object(
    'section', o.section,
    'key', o.key,
    'column', o.part,
    'acl', jsonb_agg(
        jsonb_build_object(
            'grantor', pg_get_userbyid(x.grantor),
            'grantee', case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee) end,
            'privilege', x.privilege_type,
            'grantable', x.is_grantable
        )
        order by x.grantor = o.owner desc, pg_get_userbyid(x.grantor) collate "C",
            case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee) end collate "C", x.privilege_type
    )
)
from object as o
cross join lateral aclexplode(o.acl) as x
where not exists (
    select from pg_depend as d where d.classid = o.class and d.objid = o.oid and d.deptype = 'e'
)
group by o.section, o.key, o.part
