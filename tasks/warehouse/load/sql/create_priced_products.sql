create temporary table priced_product on commit drop as
with copied as materialized (
    select p.part, c.position::bigint as position, c.copy_number::integer as copy_number
    from pg_temp.staged_part as p
    cross join lateral unnest(string_to_array(p.copies, ','), string_to_array(p.copy_numbers, ','))
        as c (position, copy_number)
),
described as materialized (
    select p.part, o.position::bigint as position, o.description
    from pg_temp.staged_part as p
    cross join lateral unnest(string_to_array(p.described, ','), p.own_descriptions) as o (position, description)
),
told as materialized (
    select p.part, t.position::bigint as position, t.kind
    from pg_temp.staged_part as p
    cross join lateral unnest(string_to_array(p.told, ','), string_to_array(p.told_kinds, ',')) as t (position, kind)
),
other as materialized (
    select p.part, o.position::bigint as position
    from pg_temp.staged_part as p
    cross join lateral unnest(string_to_array(p.others, ',')) as o (position)
)
select
    (p.part::bigint << 32) | (s.position - 1) as priced_product_id,
    d.product_key,
    s.price::numeric(18, 4) as unit_price,
    coalesce(c.copy_number, 1) as copy_number,
    case when o.position is null then n.description else o.description end as description,
    coalesce(t.kind, 'sale') as kind,
    no_merchandise.position is null as is_merchandise
from pg_temp.staged_part as p
cross join lateral (
    select position, price, sum(step::integer) over (order by position) as product
    from unnest(string_to_array(p.product_steps, null), string_to_array(p.prices, ','))
        with ordinality as u (step, price, position)
) as s
join pg_temp.product as n on n.part = p.part and n.product = s.product
join retail_dwh.dim_product as d on d.stock_code = n.stock_code
left join copied as c on c.part = p.part and c.position = s.position
left join described as o on o.part = p.part and o.position = s.position
left join told as t on t.part = p.part and t.position = s.position
left join other as no_merchandise on no_merchandise.part = p.part and no_merchandise.position = s.position
