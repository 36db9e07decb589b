-- Kinds of objects that are rare in a warehouse: their presence, owner and comment.
with object as (
    select 'casts' as section, 'pg_cast'::regclass as class, c.oid, null::oid as owner, null::oid as schema,
        concat_ws(' ', case when c.castfunc <> 0 then c.castfunc::regprocedure end, c.castcontext, c.castmethod) as detail
    from pg_cast as c
    union all
    select 'operators', 'pg_operator'::regclass, o.oid, o.oprowner, o.oprnamespace,
        concat_ws(' ', o.oprcode, o.oprcom::regoperator, o.oprnegate::regoperator, o.oprrest, o.oprjoin)
    from pg_operator as o
    union all
    select 'operator_classes', 'pg_opclass'::regclass, c.oid, c.opcowner, c.opcnamespace, c.opcdefault::text
    from pg_opclass as c
    union all
    select 'operator_families', 'pg_opfamily'::regclass, f.oid, f.opfowner, f.opfnamespace, null from pg_opfamily as f
    union all
    select 'collations', 'pg_collation'::regclass, c.oid, c.collowner, c.collnamespace,
        concat_ws(
            ' ', c.collprovider, c.collisdeterministic, c.collcollate, c.collctype,
            coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale'), to_jsonb(c) ->> 'collicurules'
        )
    from pg_collation as c
    union all
    select 'conversions', 'pg_conversion'::regclass, c.oid, c.conowner, c.connamespace, c.conproc::text
    from pg_conversion as c
    union all
    select 'text_search_dictionaries', 'pg_ts_dict'::regclass, c.oid, c.dictowner, c.dictnamespace, c.dictinitoption
    from pg_ts_dict as c
    union all
    select 'text_search_configurations', 'pg_ts_config'::regclass, c.oid, c.cfgowner, c.cfgnamespace, (
        select string_agg(concat_ws(':', m.maptokentype, m.mapdict::regdictionary), ' ' order by m.maptokentype, m.mapseqno)
        from pg_ts_config_map as m where m.mapcfg = c.oid
    )
    from pg_ts_config as c
    union all
    select 'text_search_parsers', 'pg_ts_parser'::regclass, c.oid, null, c.prsnamespace, null from pg_ts_parser as c
    union all
    select 'text_search_templates', 'pg_ts_template'::regclass, c.oid, null, c.tmplnamespace, null from pg_ts_template as c
    union all
    select 'languages', 'pg_language'::regclass, l.oid, l.lanowner, null, null from pg_language as l
    union all
    select 'foreign_data_wrappers', 'pg_foreign_data_wrapper'::regclass, w.oid, w.fdwowner, null, null
    from pg_foreign_data_wrapper as w
    union all
    select 'foreign_servers', 'pg_foreign_server'::regclass, f.oid, f.srvowner, null, null from pg_foreign_server as f
    union all
    select 'user_mappings', 'pg_foreign_server'::regclass, m.srvid, null, null, pg_get_userbyid(nullif(m.umuser, 0))
    from pg_user_mappings as m
    union all
    select 'access_methods', 'pg_am'::regclass, a.oid, null, null, a.amhandler::text from pg_am as a
    union all
    select 'transforms', 'pg_transform'::regclass, t.oid, null, null, null from pg_transform as t
)
select o.section, (pg_identify_object(o.class, o.oid, 0)).identity
    || case when o.section = 'user_mappings' then ' ' || coalesce(o.detail, 'public') else '' end,
    jsonb_build_object(
        'owner', pg_get_userbyid(o.owner),
        'detail', nullif(o.detail, ''),
        'comment', case when o.section <> 'user_mappings' then obj_description(o.oid, o.class::name) end
    )
from object as o
where o.oid >= 16384  -- the first id that initdb does not give
    and (o.schema is null or o.schema in (select s.oid from {schemas} as s))
    and not exists (
        select from pg_depend as d
        -- An operator class or family of its own, also a family that came with its class, as part of an extension.
        where d.classid = o.class and d.objid = o.oid and d.deptype = 'e'
    )
