-- What is staged stays in memory. A pooler's session may have used temporary tables before: then the size is fixed.
do $$
begin
    perform set_config('temp_buffers', '32MB', false);
exception
    when invalid_parameter_value then null;
end
$$
