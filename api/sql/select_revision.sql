select to_json(array(select version_num::text from retail_ops.schema_version order by version_num))
