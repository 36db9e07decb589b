-- Bits of packed, from the highest: 15 receipt, 13 line number from the receipt's first, 16 priced product, 19 quantity.
-- Columns that no staged line has are constants: so none of the lines pays for them.
create or replace temporary view unpacked_line as
select
    line_id,
    (part::bigint << 32) | coalesce({receipt}, packed >> 48) as receipt_id,
    (part::bigint << 32) | coalesce({priced_product}, (packed >> 19) & 65535) as priced_product_id,
    {line_no} as line_no,
    ((packed >> 35) & 8191)::integer as line_offset,
    coalesce({quantity}, (packed & 524287) - 262144) as quantity,
    {total_amount} as total_amount,
    {discount_amount} as discount_amount,
    {tax_amount} as tax_amount,
    {cost_amount} as cost_amount,
    {source_line} as source_line,
    {attributes}::jsonb as attributes,
    {invoice_attributes}::jsonb as invoice_attributes
from pg_temp.staged_line
-- Each line is unpacked once, however often its quantity is used.
offset 0
