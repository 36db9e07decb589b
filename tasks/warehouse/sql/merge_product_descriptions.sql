update retail_dwh.dim_product as p
set
    description = n.description,
    description_priced = n.priced,
    description_sold_at = n.sold_at
from unnest($1::integer[], $2::text[], $3::boolean[], $4::timestamptz[])
    as n (product_key, description, priced, sold_at)
where
    p.product_key = n.product_key
    and (
        p.description is null
        or (n.priced, n.sold_at, n.description collate "C")
        > (p.description_priced, p.description_sold_at, p.description collate "C")
    )
