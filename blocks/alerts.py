"""The block that holds who is told, and how."""
