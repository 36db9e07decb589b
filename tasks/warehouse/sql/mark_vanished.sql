with feed_setting as (
    update retail_ops.feed
    set vanished = $4::text
    where feed = $1::text and $4::text <> '' and vanished <> $4::text
)
update retail_ops.delivery
set vanished_at = case when name = any($2::text[]) then now() end
where feed = $1::text and name = any($2::text[] || $3::text[]) and (vanished_at is null) = (name = any($2::text[]))
