-- Through lo_get, since only superusers read pg_largeobject; in pieces, since an object can be larger than memory.
select json_build_array('pg_largeobject', count(*), coalesce(sum(hashed.total), 0)::text)
from pg_largeobject_metadata as m
cross join lateral (
    with recursive piece (number, data) as (
        select 0::bigint, lo_get(m.oid, 0, 262144)
        union all
        select p.number + 1, lo_get(m.oid, (p.number + 1) * 262144, 262144)
        from piece as p
        where length(p.data) = 262144
    )
    select sum(hashtextextended(hash_record_extended(row(m.oid, p.number, p.data), 0)::text collate "C", 0)) as total
    from piece as p
) as hashed
having count(*) > 0
