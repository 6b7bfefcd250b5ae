"""What surrounds every request: the token, the measuring, and errors told as JSON."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from instrunet.apps.service.metrics import Metrics
from instrunet.apps.service.problems import Problem, UnauthorisedError, status_and_code
from instrunet.errors import InstrunetError

OPEN_PATHS = ("/healthz", "/readyz")
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
log = logging.getLogger("instrunet.service")


def guard(app: FastAPI, *, token: str | None, metrics: Metrics) -> None:
    """Put the guards around an application."""

    @app.middleware("http")
    async def around(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        began = time.perf_counter()
        if token is not None and request.url.path not in OPEN_PATHS and not _knows(request, token):
            response: Response = refusal(UnauthorisedError("this service wants a token: Authorization: Bearer …"))
        else:
            response = await call_next(request)
        for name, value in SAFE_HEADERS.items():
            response.headers.setdefault(name, value)
        metrics.answered(request.method, _pattern(request), response.status_code, time.perf_counter() - began)
        return response

    app.exception_handler(InstrunetError)(_on_known)
    app.exception_handler(RequestValidationError)(_on_invalid)
    app.exception_handler(HTTPException)(_on_http)


def refusal(error: InstrunetError) -> JSONResponse:
    """An error as an answer."""
    status, code = status_and_code(error)
    headers = {}
    if isinstance(error, Problem) and error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": {"code": code, "message": str(error)}}, status, headers)


def _knows(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _pattern(request: Request) -> str:
    route = request.scope.get("route")
    return str(getattr(route, "path", "other"))


async def _on_known(_: Request, error: Exception) -> Response:
    assert isinstance(error, InstrunetError)
    return refusal(error)


async def _on_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "request"
    return JSONResponse({"error": {"code": "bad_option", "message": f"{where}: {first['msg']}"}}, 422)


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    body = {"error": {"code": codes.get(error.status_code, "bad_request"), "message": str(error.detail)}}
    return JSONResponse(body, error.status_code, error.headers)
