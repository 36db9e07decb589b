create temporary table product on commit drop as
with other as materialized (
    select p.part, o.product::bigint as product
    from pg_temp.staged_part as p
    cross join lateral unnest(string_to_array(p.not_merchandise, ',')) as o (product)
)
select
    p.part,
    s.position as product,
    s.stock_code,
    s.description,
    case when s.description is not null then s.described_by::integer > 0 end as description_priced,
    r.sold_at as description_sold_at,
    o.product is null as is_merchandise
from pg_temp.staged_part as p
cross join lateral unnest(p.stock_codes, p.descriptions, string_to_array(p.described_by, ',', ''))
    with ordinality as s (stock_code, description, described_by, position)
left join pg_temp.receipt as r on r.receipt_id = (p.part::bigint << 32) | (abs(s.described_by::integer) - 1)
left join other as o on o.part = p.part and o.product = s.position
