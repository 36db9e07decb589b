-- Tables of managed schemas by their quoted names ($1), and what the session may do with them.
select
    t.name,
    to_regclass(t.name) is not null as exists,
    coalesce(has_table_privilege(to_regclass(t.name)::oid, 'insert'), false) as writable,
    coalesce(has_table_privilege(to_regclass(t.name)::oid, 'select'), false) as readable
from unnest($1::text[]) with ordinality as t (name, place)
order by t.place
