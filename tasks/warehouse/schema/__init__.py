"""The one definition of the schemas retail_ops and retail_dwh: revisions, each running one SQL script."""
