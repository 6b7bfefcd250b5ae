"""The HTTP service: ``create_app`` makes it, ``instrunet serve`` runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from instrunet.apps.service.guarding import guard
from instrunet.apps.service.house import House
from instrunet.apps.service.metrics import CONTENT_TYPE
from instrunet.apps.service.routes import router
from instrunet.apps.service.settings import ServiceSettings

DESCRIPTION = (
    "Send a recording, learn which instruments play in it, and when. Uploads are decoded in processes of their own "
    "and deleted as soon as they are heard."
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """The service as an ASGI application.

    Args:
        settings: limits and choices; the defaults suit a machine with two cores.

    Raises:
        BundleError: the model cannot be opened.
    """
    settings = settings or ServiceSettings()
    house = House.build(settings)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(house.decoding.warm_up)
        yield
        await house.close()

    app = FastAPI(title="instrunet", version=version("instrunet"), description=DESCRIPTION, lifespan=living)
    app.state.house = house
    app.include_router(router)
    _add_health(app, house)
    guard(app, token=settings.token, metrics=house.metrics)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["GET", "POST"])
    return app


def _add_health(app: FastAPI, house: House) -> None:
    @app.get("/healthz", summary="Is the process alive?", tags=["operation"])
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", summary="May requests be sent here?", tags=["operation"], responses={503: {}})
    async def readyz() -> Response:
        if house.jobs.n_open >= house.settings.max_jobs:
            return JSONResponse({"status": "full"}, 503)
        return JSONResponse({"status": "ready", "model": house.catalogue.default})

    @app.get("/metrics", summary="Counters for Prometheus.", tags=["operation"], response_class=PlainTextResponse)
    async def metrics() -> Response:
        return PlainTextResponse(house.metrics.text(), media_type=CONTENT_TYPE)
