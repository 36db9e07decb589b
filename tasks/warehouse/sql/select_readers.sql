select
    wanted.role,
    quote_ident(wanted.role) as quoted,
    r.oid is not null as is_there,
    coalesce(pg_has_role(r.oid, 'retail_reader', 'usage'), false) as reads
from unnest($1::text[]) with ordinality as wanted (role, position)
left join pg_roles as r on r.rolname = wanted.role
order by wanted.position
