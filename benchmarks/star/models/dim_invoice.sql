{{ config(incremental_strategy='append', post_hook="{{ add_primary_key('invoice_key') }}") }}
select
    invoice_key,
    invoice_no,
    case
        when invoice_no ~ '^C[0-9]+$' then 'cancellation'
        when invoice_no ~ '^A[0-9]+$' then 'adjustment'
        else 'sale'
    end as invoice_type
from ({{ new_members('invoice_key', ['invoice_no']) }}) as invoices
