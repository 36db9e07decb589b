"""Long work of the API: it starts flow runs, remembers requests, and reads outcomes."""
