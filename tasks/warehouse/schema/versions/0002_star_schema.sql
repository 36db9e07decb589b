create schema retail_dwh;

create table retail_dwh.dim_date (
    date_key integer not null,
    date date not null,
    year smallint not null,
    quarter smallint not null,
    month smallint not null,
    month_name text not null,
    iso_year smallint not null,
    iso_week smallint not null,
    day_of_month smallint not null,
    day_of_week smallint not null,
    day_name text not null,
    is_weekend boolean not null
);

-- Every first run waits for this: arithmetic and lists of names take half the time of to_char and extract.
insert into retail_dwh.dim_date
select
    year * 10000 + month * 100 + day,
    d::date,
    year,
    (month + 2) / 3,
    month,
    (array[
        'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
        'November', 'December'
    ])[month],
    date_part('isoyear', d),
    date_part('week', d),
    day,
    weekday,
    (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[weekday],
    weekday > 5
from generate_series(timestamp '2000-01-01', timestamp '2049-12-31', interval '1 day') as d
cross join lateral (
    select
        date_part('year', d)::integer as year,
        date_part('month', d)::integer as month,
        date_part('day', d)::integer as day,
        date_part('isodow', d)::integer as weekday
    offset 0  -- each part is found once, not wherever it is used
) as parts;

-- With the rows there an index is sorted once.
alter table retail_dwh.dim_date add primary key (date_key), add unique (date);

create table retail_dwh.dim_product (
    product_key integer primary key,
    stock_code text not null unique,
    description text,
    is_merchandise boolean not null,
    description_priced boolean,
    description_sold_at timestamptz
) with (fillfactor = 50);  -- a later description finds room in its page, and touches no index

create table retail_dwh.dim_customer (
    customer_key integer primary key,
    customer_id bigint unique nulls not distinct
);

insert into retail_dwh.dim_customer (customer_key, customer_id) values (0, null);

create table retail_dwh.dim_country (
    country_key integer primary key,
    country text unique nulls not distinct
);

create table retail_dwh.dim_invoice (
    invoice_key integer primary key,
    feed text not null,
    invoice_no text not null,
    invoice_type text not null check (invoice_type in ('sale', 'cancellation', 'adjustment')),
    timezone text not null,
    unique (feed, invoice_no)
);

create table retail_dwh.fact_sale (
    line_id uuid not null,
    sold_at timestamptz not null,
    date_key integer not null,
    product_key integer not null,
    customer_key integer not null,
    country_key integer not null,
    invoice_key integer not null,
    delivery_key integer not null,
    line_no integer not null,
    quantity integer not null,
    copy_number integer not null,
    unit_price numeric(18, 4) not null,
    total_amount numeric(18, 4) not null,
    currency char(3) not null,
    description text
);

alter table retail_dwh.dim_date enable row level security;
alter table retail_dwh.dim_product enable row level security;
alter table retail_dwh.dim_customer enable row level security;
alter table retail_dwh.dim_country enable row level security;
alter table retail_dwh.dim_invoice enable row level security;
alter table retail_dwh.fact_sale enable row level security;

comment on schema retail_dwh is 'Retail sales as a star schema: fact_sale and its dimensions, and views for analysts.';
comment on table retail_dwh.dim_date is 'Calendar days 2000 to 2049, whether or not anything was sold.';
comment on column retail_dwh.dim_date.date_key is 'The local day as yyyymmdd.';
comment on column retail_dwh.dim_date.date is 'The day.';
comment on column retail_dwh.dim_date.year is 'Calendar year.';
comment on column retail_dwh.dim_date.quarter is 'Calendar quarter, 1 to 4.';
comment on column retail_dwh.dim_date.month is 'Month, 1 to 12.';
comment on column retail_dwh.dim_date.month_name is 'English name of the month.';
comment on column retail_dwh.dim_date.iso_year is 'Year of the ISO 8601 week.';
comment on column retail_dwh.dim_date.iso_week is 'ISO 8601 week, 1 to 53.';
comment on column retail_dwh.dim_date.day_of_month is 'Day of the month, 1 to 31.';
comment on column retail_dwh.dim_date.day_of_week is 'Day of the ISO 8601 week, Monday 1 to Sunday 7.';
comment on column retail_dwh.dim_date.day_name is 'English name of the day.';
comment on column retail_dwh.dim_date.is_weekend is 'Saturday or Sunday.';
comment on table retail_dwh.dim_product is 'Products and other stock codes, shared by all feeds.';
comment on column retail_dwh.dim_product.product_key is 'Surrogate key.';
comment on column retail_dwh.dim_product.stock_code is 'Stock code in upper case (deliveries differ in case for the same product).';
comment on column retail_dwh.dim_product.description is 'Current description: of its lines, the latest with a price above 0, else the latest; ties by text in C collation.';
comment on column retail_dwh.dim_product.is_merchandise is 'False for postage, fees, manual entries, gift vouchers and the like.';
comment on column retail_dwh.dim_product.description_priced is 'Whether the description comes from a line with a price above 0; null without a description.';
comment on column retail_dwh.dim_product.description_sold_at is 'When the line that gave the description was sold; null without a description.';
comment on table retail_dwh.dim_customer is 'Customers; key 0 is the unknown customer.';
comment on column retail_dwh.dim_customer.customer_key is 'Surrogate key; 0 is the unknown customer.';
comment on column retail_dwh.dim_customer.customer_id is 'Customer number; null for the unknown customer.';
comment on table retail_dwh.dim_country is 'Countries as delivered; key 0, where there is one, is the unknown country.';
comment on column retail_dwh.dim_country.country_key is 'Surrogate key; 0 is the unknown country.';
comment on column retail_dwh.dim_country.country is 'Country as delivered; null for the unknown country.';
comment on table retail_dwh.dim_invoice is 'Invoices, each belonging to its feed.';
comment on column retail_dwh.dim_invoice.invoice_key is 'Surrogate key.';
comment on column retail_dwh.dim_invoice.feed is 'The feed (shop, till system) that issued it.';
comment on column retail_dwh.dim_invoice.invoice_no is 'Invoice number in upper case, unique within its feed.';
comment on column retail_dwh.dim_invoice.invoice_type is 'sale, cancellation (C and digits) or adjustment (A and digits).';
comment on column retail_dwh.dim_invoice.timezone is 'IANA time zone of the feed''s local times.';
comment on table retail_dwh.fact_sale is 'One row a delivered sales line; grain: line of an invoice.';
comment on column retail_dwh.fact_sale.line_id is 'Identity of the line: XXH3-128 of its feed, business columns and copy number.';
comment on column retail_dwh.fact_sale.sold_at is 'When it was sold; an ambiguous local hour is the first one.';
comment on column retail_dwh.fact_sale.date_key is 'Local day of the sale.';
comment on column retail_dwh.fact_sale.product_key is 'What was sold.';
comment on column retail_dwh.fact_sale.customer_key is 'Who bought it; 0 is unknown.';
comment on column retail_dwh.fact_sale.country_key is 'Country of the line (a customer may have several).';
comment on column retail_dwh.fact_sale.invoice_key is 'Invoice of the line.';
comment on column retail_dwh.fact_sale.delivery_key is 'Delivery that owns the line (retail_ops.delivery).';
comment on column retail_dwh.fact_sale.line_no is 'Number of the line in that delivery, from 1, without the header.';
comment on column retail_dwh.fact_sale.quantity is 'Units; negative for cancellations and stock movements.';
comment on column retail_dwh.fact_sale.copy_number is 'k for the k-th identical line of a delivery.';
comment on column retail_dwh.fact_sale.unit_price is 'Price of a unit in the line''s currency.';
comment on column retail_dwh.fact_sale.total_amount is 'quantity x unit_price, not rounded.';
comment on column retail_dwh.fact_sale.currency is 'ISO 4217 currency; sum amounts within one only.';
comment on column retail_dwh.fact_sale.description is 'Description as delivered on this line, trimmed.';
