-- Customers of any code, quantities with decimals, kinds of lines, and what deliveries tell beyond the eight columns.
-- A customer's code is the natural key; customer_id is its number, where it is one.
alter table retail_dwh.dim_customer
    add column customer_number text,
    drop constraint dim_customer_customer_id_key;
update retail_dwh.dim_customer set customer_number = customer_id::text where customer_id is not null;
alter table retail_dwh.dim_customer
    add constraint dim_customer_customer_number_key unique nulls not distinct (customer_number);

-- These need no new rows. Those that differ are changed before the type, which writes all rows anew and leaves none dead.
alter table retail_dwh.fact_sale
    add column kind text not null default 'sale'
        constraint fact_sale_kind_check
        check (kind in ('sale', 'return', 'discount', 'shipping', 'tip', 'deposit', 'gift_card', 'fee')),
    add column is_merchandise boolean not null default true,
    add column store text,
    add column source_line text,
    add column discount_amount numeric(18, 4),
    add column tax_amount numeric(18, 4),
    add column cost_amount numeric(18, 4),
    add column attributes jsonb,
    add column invoice_attributes jsonb;

update retail_dwh.fact_sale as f
set
    kind = case when i.invoice_type = 'cancellation' then 'return' else 'sale' end,
    is_merchandise = p.is_merchandise
from retail_dwh.dim_invoice as i, retail_dwh.dim_product as p
where
    i.invoice_key = f.invoice_key
    and p.product_key = f.product_key
    and (i.invoice_type = 'cancellation' or not p.is_merchandise);

alter table retail_dwh.fact_sale alter column quantity type numeric(18, 4);

-- A further source keeps what it told itself; the fact shows the greatest of all.
alter table retail_ops.line_source
    add column discount_amount numeric(18, 4),
    add column tax_amount numeric(18, 4),
    add column cost_amount numeric(18, 4),
    add column attributes jsonb,
    add column invoice_attributes jsonb;

-- The lines that feeds hold were loaded with numbers of customers only and without stores. Were codes and stores read for
-- them, the same lines in a further delivery would be other lines.
alter table retail_ops.feed
    add column customers text check (customers in ('codes', 'numbers')),
    add column store_column text check (store_column = 'passed over');

update retail_ops.feed as f
set
    customers = 'numbers',
    store_column = 'passed over'
where exists (select from retail_ops.delivery as d where d.feed = f.feed and d.rows_loaded + d.rows_duplicate > 0);

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
    f.copy_number,
    c.customer_number,
    f.kind,
    f.is_merchandise,
    f.store,
    f.source_line,
    f.total_amount,
    f.discount_amount,
    f.tax_amount,
    f.cost_amount,
    f.total_amount - coalesce(f.discount_amount, 0) as net_amount,
    f.attributes
from retail_dwh.fact_sale as f
join retail_dwh.dim_invoice as i using (invoice_key)
join retail_dwh.dim_product as p using (product_key)
join retail_dwh.dim_customer as c using (customer_key)
join retail_dwh.dim_country as k using (country_key);

create view retail_dwh.daily_sales with (security_invoker = true) as
with amount as (
    select
        d.date,
        f.currency,
        count(distinct f.invoice_key) filter (where i.invoice_type = 'sale') as invoices,
        count(*) as lines,
        sum(f.quantity) filter (where f.kind in ('sale', 'return')) as units,
        sum(f.total_amount) filter (where f.kind = 'sale' and i.invoice_type <> 'adjustment') as gross_sales,
        sum(f.total_amount) filter (where i.invoice_type = 'cancellation') as cancellations,
        sum(f.total_amount) filter (where f.kind in ('sale', 'return')) as revenue,
        sum(f.total_amount) filter (where f.kind = 'return') as returns,
        coalesce(sum(f.discount_amount), 0) - coalesce(sum(f.total_amount) filter (where f.kind = 'discount'), 0)
            as discounts,
        sum(f.total_amount) filter (where f.kind = 'shipping') as shipping,
        sum(f.total_amount) filter (where f.kind = 'tip') as tips,
        sum(f.total_amount) filter (where f.kind = 'deposit') as deposits,
        sum(f.total_amount) filter (where f.kind = 'gift_card') as gift_cards,
        sum(f.total_amount) filter (where f.kind = 'fee') as fees,
        sum(f.total_amount - coalesce(f.discount_amount, 0) - f.cost_amount) filter (where f.kind in ('sale', 'return'))
            as margin
    from retail_dwh.fact_sale as f
    join retail_dwh.dim_date as d using (date_key)
    join retail_dwh.dim_invoice as i using (invoice_key)
    group by d.date, f.currency
)
select
    date,
    currency,
    invoices,
    lines,
    units,
    gross_sales,
    cancellations,
    revenue,
    returns,
    discounts,
    coalesce(revenue, 0) - discounts as net_sales,
    shipping,
    tips,
    deposits,
    gift_cards,
    fees,
    margin
from amount;

create or replace view retail_dwh.monthly_revenue_by_country with (security_invoker = true) as
select
    make_date(d.year, d.month, 1) as month,
    k.country,
    f.currency,
    count(distinct f.invoice_key) filter (where i.invoice_type = 'sale') as invoices,
    count(distinct nullif(f.customer_key, 0)) as customers,
    sum(f.total_amount) filter (where f.kind in ('sale', 'return')) as revenue
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
        coalesce(sum(f.total_amount) filter (where f.kind in ('sale', 'return')), 0) as monetary
    from retail_dwh.fact_sale as f
    join retail_dwh.dim_invoice as i using (invoice_key)
    where f.customer_key <> 0
    group by f.customer_key, f.currency
),
measured as (
    select
        p.customer_key,
        c.customer_id,
        c.customer_number collate "C" as customer_number,
        p.currency,
        p.last_sold_at,
        extract(day from max(p.last_sold_at) over (partition by p.currency) - p.last_sold_at)::integer
            as recency_days,
        p.frequency,
        p.monetary
    from per_customer as p
    join retail_dwh.dim_customer as c using (customer_key)
    where p.frequency > 0
)
select
    m.customer_id,
    m.currency,
    m.last_sold_at,
    m.recency_days,
    m.frequency,
    m.monetary,
    6 - ntile(5) over (partition by m.currency order by m.recency_days, m.customer_number) as recency_score,
    ntile(5) over (partition by m.currency order by m.frequency, m.customer_number) as frequency_score,
    ntile(5) over (partition by m.currency order by m.monetary, m.customer_number) as monetary_score,
    m.customer_number
from measured as m;

create view retail_dwh.invoice with (security_invoker = true) as
with per_currency as (
    select
        f.invoice_key,
        f.currency,
        min(f.sold_at) as sold_at,
        min(f.store collate "C") as first_store,
        max(f.store collate "C") as last_store,
        count(*) as lines,
        sum(f.quantity) filter (where f.kind in ('sale', 'return')) as units,
        sum(f.total_amount) as amount,
        max(f.invoice_attributes::text collate "C") as attributes
    from retail_dwh.fact_sale as f
    group by f.invoice_key, f.currency
)
select
    i.feed,
    i.invoice_no,
    i.invoice_type,
    min(c.sold_at) as sold_at,
    min(c.sold_at) at time zone i.timezone as sold_at_local,
    case when min(c.first_store) = max(c.last_store) then min(c.first_store) end as store,
    sum(c.lines)::bigint as lines,
    coalesce(sum(c.units), 0) as units,
    jsonb_object_agg(c.currency, c.amount) as amounts,
    max(c.attributes)::jsonb as attributes
from per_currency as c
join retail_dwh.dim_invoice as i using (invoice_key)
group by i.invoice_key, i.feed, i.invoice_no, i.invoice_type, i.timezone;

-- Default privileges of the database may have given somebody something when the view was made.
do $$
declare
    quiet_role text;
begin
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            execute format(
                'revoke all on retail_dwh.invoice from %s',
                case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end
            );
        end if;
    end loop;
end
$$;

grant select on retail_dwh.invoice to retail_reader;

comment on column retail_dwh.dim_customer.customer_id is
    'The customer''s code as a number; null where it is no plain whole number, and for the unknown customer.';
comment on column retail_dwh.dim_customer.customer_number is
    'Code of the customer in upper case, unique; null for the unknown customer.';
comment on column retail_dwh.dim_product.is_merchandise is
    'Whether one of its lines is merchandise: false for postage, fees, manual entries, gift vouchers and the like.';
comment on column retail_dwh.dim_invoice.invoice_type is
    'adjustment (by the number, where the feed''s mapping has a letter for it), cancellation if all its lines are returns, '
    'else sale.';
comment on column retail_dwh.fact_sale.quantity is
    'Units, with up to four decimals for goods by weight; negative for returns and stock movements.';
comment on column retail_dwh.fact_sale.unit_price is
    'Price of a unit in the line''s currency; total_amount / quantity, rounded to four decimals, where the delivery tells '
    'the amount of the line.';
comment on column retail_dwh.fact_sale.total_amount is
    'Amount of the line before discount: as delivered, else quantity x unit_price.';
comment on column retail_dwh.fact_sale.kind is
    'sale, return, discount, shipping, tip, deposit, gift_card or fee.';
comment on column retail_dwh.fact_sale.is_merchandise is
    'False for postage, fees, manual entries, gift vouchers and the like.';
comment on column retail_dwh.fact_sale.store is 'Store or till as delivered; null where the delivery tells none.';
comment on column retail_dwh.fact_sale.source_line is
    'Number of the line in its source system as delivered; null where the feed''s mapping names none.';
comment on column retail_dwh.fact_sale.discount_amount is
    'What was taken off total_amount, in the line''s currency; null where the delivery tells none.';
comment on column retail_dwh.fact_sale.tax_amount is
    'Tax of the line, in its currency; null where the delivery tells none.';
comment on column retail_dwh.fact_sale.cost_amount is
    'What the goods of the line cost the shop, in the line''s currency; null where the delivery tells none.';
comment on column retail_dwh.fact_sale.attributes is
    'Further columns of the line as delivered, by name; null for none. Of several sources the greatest in C collation.';
comment on column retail_dwh.fact_sale.invoice_attributes is
    'What the delivery tells once an invoice, on one of its lines: totals, shipping, status; null on the others.';
comment on column retail_ops.line_source.discount_amount is 'Discount of the line by this source.';
comment on column retail_ops.line_source.tax_amount is 'Tax of the line by this source.';
comment on column retail_ops.line_source.cost_amount is 'Cost of the line by this source.';
comment on column retail_ops.line_source.attributes is 'Further columns of the line by this source.';
comment on column retail_ops.line_source.invoice_attributes is
    'What this source tells once an invoice, on one of its lines.';
comment on column retail_ops.feed.customers is
    'codes: a customer is any code, leading zeros are part of it; numbers: a whole number; null as long as no code of it '
    'has two readings.';
comment on column retail_ops.feed.store_column is
    'passed over: its first lines were loaded before stores and line numbers counted, and none of them has any; null for '
    'any other feed.';

comment on view retail_dwh.sale_line is 'Every line as delivered and normalised: the fact joined with its dimensions.';
comment on column retail_dwh.sale_line.feed is 'The feed that delivered it.';
comment on column retail_dwh.sale_line.invoice_no is 'Invoice number.';
comment on column retail_dwh.sale_line.stock_code is 'Stock code in upper case.';
comment on column retail_dwh.sale_line.description is 'Description as delivered on this line.';
comment on column retail_dwh.sale_line.quantity is 'Units.';
comment on column retail_dwh.sale_line.sold_at_local is 'Local wall clock of the sale, in the feed''s time zone.';
comment on column retail_dwh.sale_line.unit_price is 'Price of a unit.';
comment on column retail_dwh.sale_line.customer_id is
    'The customer''s code as a number; null if it is none, or unknown.';
comment on column retail_dwh.sale_line.country is 'Country as delivered; null if unknown.';
comment on column retail_dwh.sale_line.currency is 'ISO 4217 currency.';
comment on column retail_dwh.sale_line.line_type is
    'sale, cancellation, adjustment, or stock movement (price 0, negative quantity).';
comment on column retail_dwh.sale_line.copy_number is 'k for the k-th identical line of a delivery.';
comment on column retail_dwh.sale_line.customer_number is 'Code of the customer in upper case; null if unknown.';
comment on column retail_dwh.sale_line.kind is
    'sale, return, discount, shipping, tip, deposit, gift_card or fee.';
comment on column retail_dwh.sale_line.is_merchandise is
    'False for postage, fees, manual entries, gift vouchers and the like.';
comment on column retail_dwh.sale_line.store is 'Store or till as delivered; null where none is told.';
comment on column retail_dwh.sale_line.source_line is
    'Number of the line in its source system as delivered; null where none is told.';
comment on column retail_dwh.sale_line.total_amount is
    'Amount of the line before discount: as delivered, else quantity x unit_price.';
comment on column retail_dwh.sale_line.discount_amount is 'What was taken off total_amount; null where none is told.';
comment on column retail_dwh.sale_line.tax_amount is 'Tax of the line; null where none is told.';
comment on column retail_dwh.sale_line.cost_amount is 'What the goods cost the shop; null where it is not told.';
comment on column retail_dwh.sale_line.net_amount is 'total_amount less discount_amount.';
comment on column retail_dwh.sale_line.attributes is 'Further columns of the line as delivered, by name; null for none.';
comment on view retail_dwh.daily_sales is 'Sales by local day and currency.';
comment on column retail_dwh.daily_sales.date is 'Local day.';
comment on column retail_dwh.daily_sales.currency is 'ISO 4217 currency.';
comment on column retail_dwh.daily_sales.invoices is 'Invoices of type sale.';
comment on column retail_dwh.daily_sales.lines is 'Lines of all kinds.';
comment on column retail_dwh.daily_sales.units is
    'Sum of quantities of sales and returns, cancellations and stock movements included.';
comment on column retail_dwh.daily_sales.gross_sales is
    'Amount of lines of kind sale, before discount, without adjustments.';
comment on column retail_dwh.daily_sales.cancellations is 'Amount of invoices of type cancellation (negative).';
comment on column retail_dwh.daily_sales.revenue is
    'Amount of lines of kind sale and return, before discount, adjustments included.';
comment on column retail_dwh.daily_sales.returns is 'Amount of lines of kind return (negative).';
comment on column retail_dwh.daily_sales.discounts is 'What was taken off: discounts of lines, and lines of kind discount.';
comment on column retail_dwh.daily_sales.net_sales is 'revenue less discounts.';
comment on column retail_dwh.daily_sales.shipping is 'Amount of lines of kind shipping.';
comment on column retail_dwh.daily_sales.tips is 'Amount of lines of kind tip.';
comment on column retail_dwh.daily_sales.deposits is 'Amount of lines of kind deposit.';
comment on column retail_dwh.daily_sales.gift_cards is 'Amount of lines of kind gift_card.';
comment on column retail_dwh.daily_sales.fees is 'Amount of lines of kind fee.';
comment on column retail_dwh.daily_sales.margin is
    'Amount less discount and cost of the sales and returns that tell their cost; null where none does.';
comment on column retail_dwh.monthly_revenue_by_country.revenue is
    'Amount of lines of kind sale and return, before discount.';
comment on column retail_dwh.customer_rfm.customer_id is
    'The customer''s code as a number; null where it is no plain whole number.';
comment on column retail_dwh.customer_rfm.monetary is
    'Amount of lines of kind sale and return, before discount, cancellations included.';
comment on column retail_dwh.customer_rfm.customer_number is 'Code of the customer in upper case.';
comment on view retail_dwh.invoice is 'Every invoice, with the sums of its lines and what was delivered once an invoice.';
comment on column retail_dwh.invoice.feed is 'The feed that issued it.';
comment on column retail_dwh.invoice.invoice_no is 'Invoice number, unique within its feed.';
comment on column retail_dwh.invoice.invoice_type is 'sale, cancellation or adjustment.';
comment on column retail_dwh.invoice.sold_at is 'Time of its first line.';
comment on column retail_dwh.invoice.sold_at_local is 'Local wall clock of its first line, in the feed''s time zone.';
comment on column retail_dwh.invoice.store is 'Its store as delivered; null without one, or with several.';
comment on column retail_dwh.invoice.lines is 'Its lines of all kinds.';
comment on column retail_dwh.invoice.units is 'Sum of quantities of sales and returns.';
comment on column retail_dwh.invoice.amounts is 'Amount of all its lines by currency, as a JSON object.';
comment on column retail_dwh.invoice.attributes is
    'What was delivered once an invoice (totals, shipping, status): the greatest of its lines in C collation; null for none.';
