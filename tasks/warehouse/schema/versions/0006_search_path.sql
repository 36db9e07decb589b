-- The views as they were, built anew with names that resolve to pg_catalog only: under a session's own search_path, an
-- operator that another role had planted could have been bound into them. Views of others on these stay.
create or replace view retail_dwh.sale_line with (security_invoker = true) as
select
    i.feed,
    i.invoice_no,
    p.stock_code,
    f.description,
    f.quantity,
    f.sold_at at time zone i.timezone as sold_at_local,
    f.unit_price,
    c.customer_id,
    k.country,
    f.currency,
    case
        when i.invoice_type <> 'sale' then i.invoice_type
        when f.quantity < 0 and f.unit_price = 0 then 'stock movement'
        else 'sale'
    end as line_type,
    f.copy_number
from retail_dwh.fact_sale as f
join retail_dwh.dim_invoice as i using (invoice_key)
join retail_dwh.dim_product as p using (product_key)
join retail_dwh.dim_customer as c using (customer_key)
join retail_dwh.dim_country as k using (country_key);

create or replace view retail_dwh.daily_sales with (security_invoker = true) as
select
    d.date,
    f.currency,
    count(distinct f.invoice_key) filter (where i.invoice_type = 'sale') as invoices,
    count(*) as lines,
    sum(f.quantity) as units,
    sum(f.total_amount) filter (where i.invoice_type = 'sale') as gross_sales,
    sum(f.total_amount) filter (where i.invoice_type = 'cancellation') as cancellations,
    sum(f.total_amount) as revenue
from retail_dwh.fact_sale as f
join retail_dwh.dim_date as d using (date_key)
join retail_dwh.dim_invoice as i using (invoice_key)
group by d.date, f.currency;

create or replace view retail_dwh.monthly_revenue_by_country with (security_invoker = true) as
select
    make_date(d.year, d.month, 1) as month,
    k.country,
    f.currency,
    count(distinct f.invoice_key) filter (where i.invoice_type = 'sale') as invoices,
    count(distinct nullif(f.customer_key, 0)) as customers,
    sum(f.total_amount) as revenue
from retail_dwh.fact_sale as f
join retail_dwh.dim_date as d using (date_key)
join retail_dwh.dim_invoice as i using (invoice_key)
join retail_dwh.dim_country as k using (country_key)
group by d.year, d.month, k.country, f.currency;

create or replace view retail_dwh.customer_rfm with (security_invoker = true) as
with per_customer as (
    select
        f.customer_key,
        f.currency,
        max(f.sold_at) filter (where i.invoice_type = 'sale') as last_sold_at,
        count(distinct f.invoice_key) filter (where i.invoice_type = 'sale') as frequency,
        sum(f.total_amount) as monetary
    from retail_dwh.fact_sale as f
    join retail_dwh.dim_invoice as i using (invoice_key)
    where f.customer_key <> 0
    group by f.customer_key, f.currency
),
measured as (
    select
        customer_key,
        currency,
        last_sold_at,
        extract(day from max(last_sold_at) over (partition by currency) - last_sold_at)::integer
            as recency_days,
        frequency,
        monetary
    from per_customer
    where frequency > 0
)
select
    c.customer_id,
    m.currency,
    m.last_sold_at,
    m.recency_days,
    m.frequency,
    m.monetary,
    6 - ntile(5) over (partition by m.currency order by m.recency_days, c.customer_id) as recency_score,
    ntile(5) over (partition by m.currency order by m.frequency, c.customer_id) as frequency_score,
    ntile(5) over (partition by m.currency order by m.monetary, c.customer_id) as monetary_score
from measured as m
join retail_dwh.dim_customer as c using (customer_key);

-- Default privileges of the database may have given somebody something when the table was made.
do $$
declare
    quiet_role text;
begin
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role', 'retail_reader'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            execute format(
                'revoke all on retail_ops.load_lock from %s',
                case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end
            );
        end if;
    end loop;
end
$$;
