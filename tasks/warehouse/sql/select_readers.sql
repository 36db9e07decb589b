select
    requested.role,
    quote_ident(requested.role) as quoted,
    r.oid is not null as role_exists,
    r.rolinherit as inherits,
    coalesce(
        pg_has_role(r.oid, 'retail_reader', 'usage')
        -- or has grants and policies of its own on every table
        or not exists (
            select
            from pg_policy as p
            where p.polname = 'retail_reader_reads'
                and not (r.oid = any (p.polroles) and has_table_privilege(r.oid, p.polrelid, 'select'))
        ),
        false
    ) as can_read
from unnest($1::text[]) with ordinality as requested (role, position)
left join pg_roles as r on r.rolname = requested.role
order by requested.position
