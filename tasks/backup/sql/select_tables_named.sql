select
    wanted.name,
    array(
        select format('%I.%I', s.nspname, c.relname)
        from pg_class as c
        join {schemas} as s on s.oid = c.relnamespace
        where c.relkind in ('r', 'p')
            and wanted.name in (
                format('%I.%I', s.nspname, c.relname),
                format('%s.%s', s.nspname, c.relname),
                format('%s.%s', quote_ident(s.nspname), c.relname),
                format('%s.%s', s.nspname, quote_ident(c.relname))
            )
        order by 1
    ) as tables
from unnest($1::text[]) with ordinality as wanted (name, position)
order by wanted.position
