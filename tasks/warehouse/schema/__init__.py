"""Schemas retail_ops and retail_dwh, defined by Alembic revisions with one SQL script each."""
