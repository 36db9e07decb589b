{{ config(incremental_strategy='append', post_hook="{{ add_primary_key('date_key') }}") }}
select
    to_char(d, 'yyyymmdd')::integer as date_key,
    d::date as date,
    extract(year from d)::smallint as year,
    extract(quarter from d)::smallint as quarter,
    extract(month from d)::smallint as month,
    to_char(d, 'FMMonth') as month_name,
    extract(isoyear from d)::smallint as iso_year,
    extract(week from d)::smallint as iso_week,
    extract(day from d)::smallint as day_of_month,
    extract(isodow from d)::smallint as day_of_week,
    to_char(d, 'FMDay') as day_name,
    extract(isodow from d) > 5 as is_weekend
from generate_series(timestamp '2000-01-01', timestamp '2049-12-31', interval '1 day') as d
{% if is_incremental() -%}
where false
{%- endif %}
