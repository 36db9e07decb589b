"""The vault: where the objects of backups are kept, a local folder or an S3-compatible store."""
