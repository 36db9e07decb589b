-- Remembers a request, or returns what was remembered for its key. One statement, so that of two at once one waits.
with expired as (
    delete from retail_ops.api_request
    where requested_at < now() - make_interval(days => $5)
        and (endpoint, user_name, key_sha256) is distinct from ($1, $2, $3)
)
insert into retail_ops.api_request as known (endpoint, user_name, key_sha256, request_sha256)
values ($1, $2, $3, $4)
on conflict (endpoint, user_name, key_sha256) do update set
    request_sha256 = case
        when known.requested_at < now() - make_interval(days => $5) then excluded.request_sha256
        else known.request_sha256
    end,
    flow_run_id = case
        when known.requested_at >= now() - make_interval(days => $5) then known.flow_run_id
    end,
    requested_at = case
        when known.requested_at < now() - make_interval(days => $5) then excluded.requested_at
        else known.requested_at
    end
returning known.request_sha256, known.flow_run_id
