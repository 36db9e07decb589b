"""Routes that start work as flow runs."""
