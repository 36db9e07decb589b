create temporary table receipt on commit drop as
select
    (p.part::bigint << 32) | (r.position - 1) as receipt_id,
    r.delivery::integer as delivery,
    r.invoice_no,
    case r.invoice_type when 's' then 'sale' when 'c' then 'cancellation' else 'adjustment' end as invoice_type,
    to_timestamp(r.sold_at::double precision) as sold_at,
    p.days[coalesce(r.day::integer, 1)]::integer as date_key,
    replace(replace(r.customer_number, '%2C', ','), '%25', '%') as customer_number,
    p.countries[r.country::integer] as country,
    p.currencies[coalesce(r.currency::integer, 1)] as currency,
    p.stores[r.store::integer] as store,
    r.first_line_no::integer as first_line_no
from pg_temp.staged_part as p
cross join lateral unnest(
    p.invoice_numbers,
    string_to_array(p.invoice_types, null),
    string_to_array(p.receipt_deliveries, ','),
    string_to_array(p.receipt_times, ','),
    string_to_array(p.receipt_days, ','),
    string_to_array(p.receipt_customers, ',', ''),
    string_to_array(p.receipt_countries, ',', ''),
    string_to_array(p.receipt_currencies, ','),
    string_to_array(p.receipt_stores, ',', ''),
    string_to_array(p.first_line_numbers, ',')
) with ordinality as r (
    invoice_no, invoice_type, delivery, sold_at, day, customer_number, country, currency, store, first_line_no,
    position
)
