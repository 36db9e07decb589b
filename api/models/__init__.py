"""What the API answers with, one file a subject. Money is text per currency; times are ISO 8601 with a zone."""
