"""The REST API under /api/v1/supabase: to come; the package keeps its place."""
