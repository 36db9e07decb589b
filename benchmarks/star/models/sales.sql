{{ config(materialized='ephemeral') }}
-- Lines as delivered, typed and normalised as in the warehouse of the flow.
select
    _dlt_load_id as load_id,
    delivery,
    upper(btrim(invoice_no)) as invoice_no,
    upper(btrim(stock_code)) as stock_code,
    nullif(btrim(description), '') as description,
    quantity,
    -- dlt stores a time without a zone as if it were UTC.
    invoice_date at time zone 'UTC' as sold_at_local,
    invoice_date at time zone 'UTC' at time zone 'Europe/London' as sold_at,
    unit_price,
    customer_id::bigint as customer_id,
    nullif(btrim(country), '') as country
from {{ source('raw', 'sales') }}
{% if is_later_load() -%}
where _dlt_load_id > (select max(load_id) from {{ this.schema }}.fact_sale)
{%- endif %}
