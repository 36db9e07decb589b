{{ config(
    unique_key='product_key',
    incremental_strategy='merge',
    post_hook="{{ add_primary_key('product_key') }}",
) }}
-- The description: of the product's lines, the latest with a price above 0, else the latest.
with latest as (
    select stock_code, description, coalesce(unit_price > 0, false) as description_priced, max(sold_at) as description_sold_at
    from {{ ref('sales') }}
    group by 1, 2, 3
),

products as (
    select distinct on (stock_code)
        {{ surrogate_key(['stock_code']) }} as product_key,
        stock_code,
        description,
        description is not null and description_priced as description_priced,
        case when description is not null then description_sold_at end as description_sold_at
    from latest
    order by
        stock_code, description is not null desc, description_priced desc, description_sold_at desc,
        description collate "C" desc
)

select
    product_key,
    stock_code,
    description,
    stock_code not in (
        'ADJUST', 'ADJUST2', 'AMAZONFEE', 'B', 'BANK CHARGES', 'C2', 'C3', 'CRUK', 'D', 'DOT', 'GIFT', 'GIFT_0001_10',
        'GIFT_0001_20', 'GIFT_0001_30', 'GIFT_0001_40', 'GIFT_0001_50', 'GIFT_0001_60', 'GIFT_0001_70', 'GIFT_0001_80',
        'GIFT_0001_90', 'M', 'POST', 'S', 'TEST001', 'TEST002'
    ) as is_merchandise,
    description_priced,
    description_sold_at
from products
{% if is_incremental() -%}
where not exists (
    select from {{ this }} as known
    where
        known.product_key = products.product_key
        and (
            products.description is null
            or (known.description_priced, known.description_sold_at, known.description collate "C")
            >= (products.description_priced, products.description_sold_at, products.description collate "C")
        )
)
{%- endif %}
