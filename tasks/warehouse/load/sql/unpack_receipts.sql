create temporary table receipt on commit drop as
select
    (p.part::bigint << 32) | (r.position - 1) as receipt_id,
    r.delivery,
    r.invoice_no,
    case r.invoice_type when 's' then 'sale' when 'c' then 'cancellation' else 'adjustment' end as invoice_type,
    to_timestamp(r.sold_at) as sold_at,
    l.days[coalesce(r.day, 1)] as date_key,
    case
        when l.has_escapes then replace(replace(r.customer_number, '%2C', ','), '%25', '%')
        else r.customer_number
    end as customer_number,
    l.countries[r.country] as country,
    l.currencies[coalesce(r.currency, 1)] as currency,
    l.stores[r.store] as store,
    r.first_line_no
from pg_temp.staged_part as p
-- Once a part: a stored list would be unpacked again for each receipt.
cross join lateral (
    select
        p.days::integer[] as days,
        p.countries || '{}' as countries,
        p.currencies || '{}' as currencies,
        p.stores || '{}' as stores,
        position('%' in p.receipt_customers) > 0 as has_escapes
    offset 0
) as l
cross join lateral unnest(
    p.invoice_numbers,
    string_to_array(p.invoice_types, null),
    string_to_array(p.receipt_deliveries, ',')::integer[],
    string_to_array(p.receipt_times, ',')::double precision[],
    string_to_array(p.receipt_days, ',')::integer[],
    string_to_array(p.receipt_customers, ',', ''),
    string_to_array(p.receipt_countries, ',', '')::integer[],
    string_to_array(p.receipt_currencies, ',')::integer[],
    string_to_array(p.receipt_stores, ',', '')::integer[],
    string_to_array(p.first_line_numbers, ',')::integer[]
) with ordinality as r (
    invoice_no, invoice_type, delivery, sold_at, day, customer_number, country, currency, store, first_line_no,
    position
)
