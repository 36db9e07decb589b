"""Pure ASGI middleware: it sees every answer, also those of errors."""
