-- special: what only some of the priced products are, in one table to join.
create temporary table priced_product on commit drop as
with special as materialized (
    select
        p.part,
        s.position::bigint as position,
        max(s.copy_number)::integer as copy_number,
        bool_or(s.is_described) as is_described,
        max(s.description) as description,
        max(s.kind) as kind,
        bool_or(s.is_other) as is_other
    from pg_temp.staged_part as p
    cross join lateral (
        select position, copy_number, false as is_described, null as description, null as kind, false as is_other
        from unnest(string_to_array(p.copies, ','), string_to_array(p.copy_numbers, ',')) as c (position, copy_number)
        union all
        select position, null, true, description, null, false
        from unnest(string_to_array(p.described, ','), p.own_descriptions) as o (position, description)
        union all
        select position, null, false, null, kind, false
        from unnest(string_to_array(p.told, ','), string_to_array(p.told_kinds, ',')) as t (position, kind)
        union all
        select position, null, false, null, null, true
        from unnest(string_to_array(p.others, ',')) as o (position)
    ) as s
    group by p.part, s.position
)
select
    (p.part::bigint << 32) | (s.position - 1) as priced_product_id,
    d.product_key,
    s.price::numeric(18, 4) as unit_price,
    coalesce(special.copy_number, 1) as copy_number,
    case when special.is_described then special.description else n.description end as description,
    coalesce(special.kind, 'sale') as kind,
    special.is_other is not true as is_merchandise
from pg_temp.staged_part as p
cross join lateral (
    select
        position,
        price,
        count(*) filter (where step = '1') over (order by position rows unbounded preceding) as product
    from unnest(string_to_array(p.product_steps, null), string_to_array(p.prices, ','))
        with ordinality as u (step, price, position)
) as s
join pg_temp.product as n on n.part = p.part and n.product = s.product
join retail_dwh.dim_product as d on d.stock_code = n.stock_code
left join special on special.part = p.part and special.position = s.position
