update retail_dwh.dim_product as p
set
    description = n.description,
    description_priced = n.priced,
    description_sold_at = n.sold_at
from (
    select
        product_key,
        description,
        priced,
        timestamptz 'epoch' + microseconds * interval '1 microsecond' as sold_at
    from unnest($1::integer[], $2::text[], $3::boolean[], $4::bigint[])
        as best (product_key, description, priced, microseconds)
) as n
where
    p.product_key = n.product_key
    and (
        p.description is null
        or (n.priced, n.sold_at, n.description collate "C")
        > (p.description_priced, p.description_sold_at, p.description collate "C")
    )
