update retail_ops.api_request
set flow_run_id = $4
where endpoint = $1 and user_name = $2 and key_sha256 = $3 and flow_run_id is null
