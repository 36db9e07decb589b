-- Objects outside of schemas.
select 'schemas', format('%I', n.nspname), jsonb_build_object(
    'owner', pg_get_userbyid(n.nspowner), 'comment', obj_description(n.oid, 'pg_namespace')
)
from {schemas} as s join pg_namespace as n on n.oid = s.oid
where not exists (
    select from pg_depend as d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e'
)
union all
select 'default_privileges', concat_ws(
    ' ', 'of', pg_get_userbyid(a.role), 'on', a.objects, 'in ' || quote_ident(a.schema)
), jsonb_build_object(
    'role', pg_get_userbyid(a.role),
    'schema', a.schema,
    'objects', a.objects,
    'acl', (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'grantor', pg_get_userbyid(x.grantor),
                'grantee', case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee) end,
                'privilege', x.privilege_type,
                'grantable', x.is_grantable
            )
            order by case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee) end collate "C",
                x.privilege_type
        ), '[]')
        from aclexplode(a.acl) as x
    )
)
from (
    select d.defaclrole, d.defaclacl, n.nspname, case d.defaclobjtype
        when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
        when 'n' then 'schemas' when 'L' then 'large objects'
    end
    from pg_default_acl as d
    left join {schemas} as n on n.oid = d.defaclnamespace
    where d.defaclnamespace = 0 or n.oid is not null
) as a (role, acl, schema, objects)
union all
select 'publications', format('%I', p.pubname), jsonb_build_object(
    'owner', pg_get_userbyid(p.pubowner),
    'all_tables', p.puballtables,
    'operations', concat_ws(
        ' ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
        case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end
    ),
    'via_root', p.pubviaroot,
    'generated_columns', nullif(to_jsonb(p) ->> 'pubgencols', 'n'),
    'tables', (
        select jsonb_agg(
            jsonb_build_object(
                'table', format('%I.%I', s.nspname, c.relname),
                'columns', (
                    select jsonb_agg(a.attname order by a.attnum) from pg_attribute as a
                    where a.attrelid = c.oid and a.attnum = any (r.prattrs)
                ),
                'where', pg_get_expr(r.prqual, r.prrelid)
            )
            order by s.nspname collate "C", c.relname collate "C"
        )
        from pg_publication_rel as r
        join pg_class as c on c.oid = r.prrelid
        join {schemas} as s on s.oid = c.relnamespace
        where r.prpubid = p.oid
    ),
    'schemas', (
        select jsonb_agg(s.nspname order by s.nspname collate "C")
        from pg_publication_namespace as r join {schemas} as s on s.oid = r.pnnspid where r.pnpubid = p.oid
    ),
    'comment', obj_description(p.oid, 'pg_publication')
)
from pg_publication as p
union all
select 'event_triggers', format('%I', e.evtname), jsonb_build_object(
    'owner', pg_get_userbyid(e.evtowner),
    'event', e.evtevent,
    'tags', (select jsonb_agg(t order by t) from unnest(e.evttags) as t),
    'function', e.evtfoid::regprocedure::text,
    'enabled', e.evtenabled,
    'comment', obj_description(e.oid, 'pg_event_trigger')
)
from pg_event_trigger as e
where not exists (
    select from pg_depend as d where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e'
)
union all
select 'extensions', format('%I', e.extname), jsonb_build_object(
    'owner', pg_get_userbyid(e.extowner),
    'version', e.extversion,
    'schema', e.extnamespace::regnamespace::text
)
from pg_extension as e
union all
select 'large_objects', concat_ws(' ', pg_get_userbyid(m.lomowner), m.acl), jsonb_build_object(
    'owner', pg_get_userbyid(m.lomowner),
    'count', count(*),
    'ids', case when m.acl is not null then jsonb_agg(m.oid order by m.oid) end,
    'acl', (
        select jsonb_agg(
            jsonb_build_object(
                'grantor', pg_get_userbyid(x.grantor),
                'grantee', case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee) end,
                'privilege', x.privilege_type,
                'grantable', x.is_grantable
            )
            order by case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee) end collate "C",
                x.privilege_type
        )
        from aclexplode(m.acl::aclitem[]) as x
    )
)
from (select l.oid, l.lomowner, l.lomacl::text as acl from pg_largeobject_metadata as l) as m
group by m.lomowner, m.acl
union all
select 'roles', r.rolname, jsonb_build_object(
    'login', r.rolcanlogin, 'superuser', r.rolsuper, 'bypassrls', r.rolbypassrls, 'createrole', r.rolcreaterole,
    'createdb', r.rolcreatedb, 'replication', r.rolreplication, 'inherit', r.rolinherit
)
from pg_roles as r
where r.rolname not like 'pg\_%'
union all
select 'settings', concat_ws(' ', pg_get_userbyid(nullif(g.setrole, 0)), 'in', coalesce(d.datname, 'every database')),
    jsonb_build_object(
        'role', pg_get_userbyid(nullif(g.setrole, 0)),
        'every_database', g.setdatabase = 0,
        'settings', to_jsonb(g.setconfig)
    )
from pg_db_role_setting as g
left join pg_database as d on d.oid = g.setdatabase
where g.setdatabase = 0 or d.datname = current_database()
