with loaded as (
    select coalesce(sum(rows_loaded), 0)::bigint as rows
    from retail_ops.delivery
),
by_key as (
    select f.country_key, f.currency, sum(f.total_amount) as revenue
    from retail_dwh.fact_sale as f
    -- Sales and returns; most are found by one comparison. Of a column without statistics, hardly any rows would
    -- be expected to be one of these.
    where f.kind = 'sale' or f.kind not in ('discount', 'shipping', 'tip', 'deposit', 'gift_card', 'fee')
    group by f.country_key, f.currency
),
top as (
    select coalesce(k.country, 'unknown') as country, b.currency, b.revenue::text as revenue, b.revenue as amount
    from by_key as b
    join retail_dwh.dim_country as k using (country_key)
    order by b.revenue desc, country
    limit $3
)
select json_build_object(
    'tables', json_build_object(
        'fact_sale', l.rows,
        -- Adding nothing of the row outside: so no parallel workers are started, which takes longer than to count.
        'dim_product', (select count(*) + 0 * l.rows from retail_dwh.dim_product),
        'dim_customer', (select count(*) + 0 * l.rows from retail_dwh.dim_customer),
        'dim_country', (select count(*) + 0 * l.rows from retail_dwh.dim_country),
        'dim_invoice', (select count(*) + 0 * l.rows from retail_dwh.dim_invoice),
        'dim_date', (select count(*) + 0 * l.rows from retail_dwh.dim_date)
    ),
    -- As a condition of the sum itself, it would start parallel workers before it is looked at.
    'top_countries', case
        when $1 > $2 * l.rows and (
            $4
            or exists (
                select
                from pg_constraint
                where conrelid = 'retail_dwh.fact_sale'::regclass and contype = 'p'
            )
        )
        then (select json_agg(row_to_json(top) order by top.amount desc, top.country) from top)
    end
)
from loaded as l
