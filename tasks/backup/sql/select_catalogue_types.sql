-- Without the types that come with a table, an array or a range.
select 'types', format('%I.%I', s.nspname, t.typname), jsonb_build_object(
    'kind', case t.typtype
        when 'b' then 'base type' when 'c' then 'composite type' when 'd' then 'domain' when 'e' then 'enum'
        when 'r' then 'range type' when 'p' then 'pseudo-type'
    end,
    'owner', pg_get_userbyid(t.typowner),
    'labels', (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum as e where e.enumtypid = t.oid),
    'base', case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end,
    'default', case
        when t.typtype = 'd' then coalesce(pg_get_expr(t.typdefaultbin, 'pg_type'::regclass), t.typdefault)
    end,
    'not_null', case when t.typtype = 'd' then t.typnotnull end,
    'collation', case when t.typtype = 'd' and t.typcollation <> b.typcollation then t.typcollation::regcollation::text end,
    'range', (
        select jsonb_build_object(
            'subtype', format_type(r.rngsubtype, null),
            'multirange', format_type(r.rngmultitypid, null),
            'collation', case when r.rngcollation <> 0 then r.rngcollation::regcollation::text end,
            'canonical', r.rngcanonical::regproc::text,
            'difference', r.rngsubdiff::regproc::text,
            'operator_class', (pg_identify_object('pg_opclass'::regclass, r.rngsubopc, 0)).identity
        )
        from pg_range as r where r.rngtypid = t.oid
    ),
    'functions', case
        when t.typtype = 'b' then concat_ws(' ', t.typinput, t.typoutput, t.typreceive, t.typsend, t.typlen, t.typalign)
    end,
    'comment', obj_description(t.oid, 'pg_type')
)
from pg_type as t
join {schemas} as s on s.oid = t.typnamespace
left join pg_type as b on b.oid = t.typbasetype
left join pg_class as c on c.oid = t.typrelid
where t.typtype <> 'm'
    and (t.typrelid = 0 or c.relkind = 'c')
    and not exists (select from pg_type as e where e.typarray = t.oid)
    and not exists (
        select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
    )
