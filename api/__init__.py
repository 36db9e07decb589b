"""The REST API and its pages: ``retail api``, or any ASGI server with ``api.app:create_app``."""
