{{ config(incremental_strategy='append', post_hook="{{ add_primary_key('country_key') }}") }}
{{ new_members('country_key', ['country']) }}
