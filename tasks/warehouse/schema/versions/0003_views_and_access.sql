create view retail_dwh.sale_line with (security_invoker = true) as
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

create view retail_dwh.daily_sales with (security_invoker = true) as
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

create view retail_dwh.monthly_revenue_by_country with (security_invoker = true) as
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

create view retail_dwh.customer_rfm with (security_invoker = true) as
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

comment on view retail_dwh.sale_line is 'Every line as delivered and normalised: the fact joined with its dimensions.';
comment on column retail_dwh.sale_line.feed is 'The feed that delivered it.';
comment on column retail_dwh.sale_line.invoice_no is 'Invoice number.';
comment on column retail_dwh.sale_line.stock_code is 'Stock code in upper case.';
comment on column retail_dwh.sale_line.description is 'Description as delivered on this line.';
comment on column retail_dwh.sale_line.quantity is 'Units.';
comment on column retail_dwh.sale_line.sold_at_local is 'Local wall clock of the sale, in the feed''s time zone.';
comment on column retail_dwh.sale_line.unit_price is 'Price of a unit.';
comment on column retail_dwh.sale_line.customer_id is 'Customer number; null if unknown.';
comment on column retail_dwh.sale_line.country is 'Country as delivered; null if unknown.';
comment on column retail_dwh.sale_line.currency is 'ISO 4217 currency.';
comment on column retail_dwh.sale_line.line_type is 'sale, cancellation, adjustment, or stock movement (price 0, negative quantity).';
comment on column retail_dwh.sale_line.copy_number is 'k for the k-th identical line of a delivery.';
comment on view retail_dwh.daily_sales is 'Sales by local day and currency.';
comment on column retail_dwh.daily_sales.date is 'Local day.';
comment on column retail_dwh.daily_sales.currency is 'ISO 4217 currency.';
comment on column retail_dwh.daily_sales.invoices is 'Invoices of type sale.';
comment on column retail_dwh.daily_sales.lines is 'Lines of all types.';
comment on column retail_dwh.daily_sales.units is 'Sum of quantities, cancellations and stock movements included.';
comment on column retail_dwh.daily_sales.gross_sales is 'Amount of invoices of type sale.';
comment on column retail_dwh.daily_sales.cancellations is 'Amount of cancellations (negative).';
comment on column retail_dwh.daily_sales.revenue is 'Amount of all lines.';
comment on view retail_dwh.monthly_revenue_by_country is 'Revenue by month, country and currency.';
comment on column retail_dwh.monthly_revenue_by_country.month is 'First day of the month.';
comment on column retail_dwh.monthly_revenue_by_country.country is 'Country as delivered; null if unknown.';
comment on column retail_dwh.monthly_revenue_by_country.currency is 'ISO 4217 currency.';
comment on column retail_dwh.monthly_revenue_by_country.invoices is 'Invoices of type sale.';
comment on column retail_dwh.monthly_revenue_by_country.customers is 'Known customers with a line of any type.';
comment on column retail_dwh.monthly_revenue_by_country.revenue is 'Amount of all lines.';
comment on view retail_dwh.customer_rfm is 'Recency, frequency and monetary value of every known customer with a sale, by currency.';
comment on column retail_dwh.customer_rfm.customer_id is 'Customer number.';
comment on column retail_dwh.customer_rfm.currency is 'ISO 4217 currency.';
comment on column retail_dwh.customer_rfm.last_sold_at is 'Last line of an invoice of type sale.';
comment on column retail_dwh.customer_rfm.recency_days is 'Whole days from it to the last sale of any customer in the warehouse.';
comment on column retail_dwh.customer_rfm.frequency is 'Invoices of type sale.';
comment on column retail_dwh.customer_rfm.monetary is 'Amount of all lines, cancellations included.';
comment on column retail_dwh.customer_rfm.recency_score is 'Quintile, 5 for the most recent.';
comment on column retail_dwh.customer_rfm.frequency_score is 'Quintile, 5 for the most frequent.';
comment on column retail_dwh.customer_rfm.monetary_score is 'Quintile, 5 for the highest amount.';

do $$
declare
    quiet_role text;
begin
    if not exists (select from pg_roles where rolname = 'retail_reader') then
        begin
            create role retail_reader nologin;
        exception
            when duplicate_object or unique_violation then null;
        end;
    end if;
    -- Default privileges of the database may have given them something when the tables were made.
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role', 'retail_reader'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            quiet_role := case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end;
            execute 'revoke all on schema retail_dwh, retail_ops from ' || quiet_role;
            execute 'revoke all on all tables in schema retail_dwh, retail_ops from ' || quiet_role;
            execute 'revoke all on all sequences in schema retail_dwh, retail_ops from ' || quiet_role;
        end if;
    end loop;
end
$$;

grant usage on schema retail_dwh to retail_reader;
grant select on all tables in schema retail_dwh to retail_reader;

create policy retail_reader_reads on retail_dwh.dim_date for select to retail_reader using (true);
create policy retail_reader_reads on retail_dwh.dim_product for select to retail_reader using (true);
create policy retail_reader_reads on retail_dwh.dim_customer for select to retail_reader using (true);
create policy retail_reader_reads on retail_dwh.dim_country for select to retail_reader using (true);
create policy retail_reader_reads on retail_dwh.dim_invoice for select to retail_reader using (true);
create policy retail_reader_reads on retail_dwh.fact_sale for select to retail_reader using (true);

-- The owner passes by these; that nobody else does is said rather than left to there being no policy.
create policy owner_only on retail_ops.feed using (false) with check (false);
create policy owner_only on retail_ops.run using (false) with check (false);
create policy owner_only on retail_ops.delivery using (false) with check (false);
create policy owner_only on retail_ops.delivery_attempt using (false) with check (false);
create policy owner_only on retail_ops.line_voucher using (false) with check (false);
create policy owner_only on retail_ops.quarantine using (false) with check (false);
create policy owner_only on retail_ops.quality_score using (false) with check (false);
create policy owner_only on retail_ops.schema_version using (false) with check (false);
