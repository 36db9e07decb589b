-- A statement that names a missing table fails; ts_stat runs a query given as text, so that it is run only if the table
-- is there. (query_to_xml does the same, but not on servers built without libxml.)
select
    to_regclass('retail_ops.schema_version') is not null as exists,
    case
        when to_regclass('retail_ops.schema_version') is not null then array(
            select word
            from ts_stat('select array_to_tsvector(array_agg(version_num::text)) from retail_ops.schema_version')
            order by word
        )
        else '{}'
    end as revisions
