-- Lists are read once: to compress them would cost more than their bytes do.
alter table pg_temp.staged_part
    alter column invoice_numbers set storage external,
    alter column invoice_types set storage external,
    alter column receipt_deliveries set storage external,
    alter column receipt_times set storage external,
    alter column receipt_days set storage external,
    alter column receipt_customers set storage external,
    alter column receipt_countries set storage external,
    alter column first_line_numbers set storage external,
    alter column stock_codes set storage external,
    alter column descriptions set storage external,
    alter column described_by set storage external,
    alter column product_steps set storage external,
    alter column prices set storage external
