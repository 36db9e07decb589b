"""Load stage: silver into the star schema, with its schema, ledger, indexes and grants."""
