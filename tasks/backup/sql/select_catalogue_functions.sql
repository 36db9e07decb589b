select
    'functions',
    format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
    jsonb_build_object(
        'kind', case p.prokind
            when 'f' then 'function' when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window function'
        end,
        'owner', pg_get_userbyid(p.proowner),
        'language', (select l.lanname from pg_language as l where l.oid = p.prolang),
        'security_definer', p.prosecdef,
        'leakproof', p.proleakproof,
        'settings', (select jsonb_agg(o order by o) from unnest(p.proconfig) as o),
        'definition', case
            when p.prokind <> 'a' then pg_get_functiondef(p.oid)
            else (
                select concat_ws(
                    ' ', a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn,
                    a.aggminvtransfn, a.aggmfinalfn, format_type(a.aggtranstype, null), a.agginitval, a.aggminitval,
                    a.aggkind, p.proparallel
                )
                from pg_aggregate as a where a.aggfnoid = p.oid
            )
        end,
        -- The text of the body, where the server keeps it as a text.
        'has_text_body', p.prosqlbody is null,
        'comment', obj_description(p.oid, 'pg_proc')
    )
from pg_proc as p
join {schemas} as s on s.oid = p.pronamespace
where not exists (
        select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    )
    -- The constructors of a range type come with it.
    and not exists (
        select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i'
    )
