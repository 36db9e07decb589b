select
    wanted.role,
    quote_ident(wanted.role) as quoted,
    r.oid is not null as is_there,
    r.rolinherit as inherits,
    coalesce(
        pg_has_role(r.oid, 'retail_reader', 'usage')
        -- or it has rights and policies of its own on every table
        or not exists (
            select
            from pg_policy as p
            where p.polname = 'retail_reader_reads'
                and not (r.oid = any (p.polroles) and has_table_privilege(r.oid, p.polrelid, 'select'))
        ),
        false
    ) as reads
from unnest($1::text[]) with ordinality as wanted (role, position)
left join pg_roles as r on r.rolname = wanted.role
order by wanted.position
