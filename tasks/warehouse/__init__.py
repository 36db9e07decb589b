"""Silver to star schema: connection, embedded server, schema, load, ledger."""
