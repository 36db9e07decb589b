{{ config(incremental_strategy='append', post_hook="{{ add_primary_key('delivery_key') }}") }}
{{ new_members('delivery_key', ['delivery']) }}
