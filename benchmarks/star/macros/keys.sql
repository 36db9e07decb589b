{#- dbt_utils' generate_surrogate_key, stored as uuid: 16 bytes instead of 33. -#}
{% macro surrogate_key(columns) -%}
md5(
    {%- for column in columns %}coalesce({{ column }}::text, '_null_'){{ " || '-' || " if not loop.last }}{% endfor -%}
)::uuid
{%- endmacro %}

{#- True where the star holds earlier loads, also in an ephemeral model, whose own relation never exists. -#}
{% macro is_later_load() -%}
{{ return(execute and load_relation(api.Relation.create(database=target.database, schema=target.schema, identifier='fact_sale', type='table')) is not none) }}
{%- endmacro %}

{#- Distinct members of a dimension in the new lines that it does not have yet. -#}
{% macro new_members(key, columns) -%}
select *
from (
    select {{ surrogate_key(columns) }} as {{ key }}, {{ columns | join(', ') }}
    from (select distinct {{ columns | join(', ') }} from {{ ref('sales') }}) as distinct_members
) as members
{% if is_incremental() -%}
where not exists (select from {{ this }} as known where known.{{ key }} = members.{{ key }})
{%- endif %}
{%- endmacro %}

{#- After the first load, when the rows are there, so that an index is sorted once. -#}
{% macro add_primary_key(key) -%}
do $$ begin
    if not exists (select from pg_constraint where conrelid = '{{ this }}'::regclass and contype = 'p') then
        alter table {{ this }} add primary key ({{ key }});
        analyze {{ this }};
    end if;
end $$
{%- endmacro %}

{% macro add_fact_keys() -%}
do $$ begin
    if not exists (select from pg_constraint where conrelid = '{{ this }}'::regclass and contype = 'p') then
        alter table {{ this }} add primary key (line_id),
        {%- for dimension in ['date', 'product', 'customer', 'country', 'invoice', 'delivery'] %}
            add foreign key ({{ dimension }}_key) references {{ ref('dim_' ~ dimension) }}{{ "," if not loop.last }}
        {%- endfor %};
    end if;
end $$
{%- endmacro %}
