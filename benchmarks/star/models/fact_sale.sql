{{ config(
    incremental_strategy='append',
    indexes=[
        {'columns': ['product_key']},
        {'columns': ['customer_key']},
        {'columns': ['country_key'], 'type': 'brin'},
        {'columns': ['delivery_key'], 'type': 'brin'},
        {'columns': ['date_key'], 'type': 'brin'},
        {'columns': ['load_id']},
    ],
    post_hook=["{{ add_fact_keys() }}", "analyze {{ this }}"],
) }}
{%- set line = [
    'invoice_no', 'stock_code', 'description', 'quantity', 'sold_at_local', 'unit_price', 'customer_id', 'country'
] %}
-- depends_on: {{ ref('dim_date') }}, {{ ref('dim_delivery') }}, {{ ref('dim_product') }}
-- depends_on: {{ ref('dim_customer') }}, {{ ref('dim_country') }}, {{ ref('dim_invoice') }}
with numbered as (
    -- Identical lines of a delivery are all kept, and numbered.
    select *, row_number() over (partition by delivery, {{ line | join(', ') }}) as copy_number
    from {{ ref('sales') }}
),

lines as (
    select *, {{ surrogate_key(line + ['copy_number']) }} as line_id
    from numbered
)

select
    line_id,
    sold_at,
    to_char(sold_at_local, 'yyyymmdd')::integer as date_key,
    {{ surrogate_key(['stock_code']) }} as product_key,
    {{ surrogate_key(['customer_id']) }} as customer_key,
    {{ surrogate_key(['country']) }} as country_key,
    {{ surrogate_key(['invoice_no']) }} as invoice_key,
    {{ surrogate_key(['delivery']) }} as delivery_key,
    quantity,
    copy_number::integer as copy_number,
    unit_price,
    (quantity * unit_price)::numeric(18, 4) as total_amount,
    description,
    load_id
from lines
{% if is_incremental() -%}
where not exists (select from {{ this }} as known where known.line_id = lines.line_id)
{%- endif %}
