"""The REST API as an ASGI application: ``uvicorn --factory api.app:create_app``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api.error_handlers import add_error_handlers
from api.middleware.limits import ConcurrencyLimit, RequestSizeLimit
from api.middleware.methods import HeadAndOptions
from api.middleware.security_headers import SecurityHeaders
from api.middleware.unexpected_errors import UnexpectedErrors
from api.openapi import set_openapi
from api.pages.problem_pages import ProblemPages
from api.routes import ROUTERS
from api.settings import ApiSettings
from api.state import opened_state
from api.surface import operations


def create_app(settings: ApiSettings | None = None) -> FastAPI:
    """Make the application. It opens nothing before it is started, and closes what it opened when it ends.

    Args:
        settings: The settings; None for those of the environment, read when it is started.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened_state(settings) as state:
            app.state.retail = state
            operations(app)  # it takes as long as some hundred requests: no request should wait for it
            yield

    app = FastAPI(
        title="Retail warehouse",
        description="Look at a retail warehouse on Supabase Postgres, check it, and start work on it.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in ROUTERS:
        app.include_router(router)
    add_error_handlers(app)
    set_openapi(app)
    # The last one is the outermost.
    for middleware in (
        HeadAndOptions,
        RequestSizeLimit,
        ConcurrencyLimit,
        UnexpectedErrors,
        ProblemPages,
        SecurityHeaders,
    ):
        app.add_middleware(middleware)
    return app
