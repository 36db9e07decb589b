{{ config(incremental_strategy='append', post_hook="{{ add_primary_key('customer_key') }}") }}
{{ new_members('customer_key', ['customer_id']) }}
