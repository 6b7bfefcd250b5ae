"""``instrunet serve``: the HTTP service."""

from __future__ import annotations

from typing import Annotated

import typer

TOKEN_HELP = "Ask every request for this bearer token; better given as the environment variable."  # nosec B105 - a help text


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; this machine only by default.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    model: Annotated[str, typer.Option(help="A model inside the package, or the path of a bundle.")] = "default",
    max_mb: Annotated[float, typer.Option(min=0.001, help="Refuse larger uploads.")] = 100.0,
    max_minutes: Annotated[float, typer.Option(min=0.01, help="Refuse longer recordings; jobs may be longer.")] = 20.0,
    concurrency: Annotated[int, typer.Option(min=1, help="Recordings heard at the same time.")] = 2,
    waiting: Annotated[int, typer.Option(min=0, help="Requests that may wait; then 429.")] = 8,
    request_time: Annotated[float, typer.Option(min=1, help="Seconds that one request may take.")] = 120.0,
    keep: Annotated[float, typer.Option(min=1, help="Seconds that the result of a job is kept.")] = 900.0,
    token: Annotated[str | None, typer.Option(envvar="INSTRUNET_TOKEN", help=TOKEN_HELP)] = None,
    cors: Annotated[list[str] | None, typer.Option(help="Let pages of this origin call; none by default.")] = None,
) -> None:
    """Serve the HTTP API: POST /v1/tags, /v1/jobs, GET /v1/models; its documentation is at /docs."""
    from instrunet.errors import MissingExtraError

    try:
        import python_multipart  # noqa: F401 - FastAPI asks for it at the first upload
        import uvicorn

        from instrunet.apps.api import create_app
    except ImportError as error:
        if not (error.name or "").startswith(("fastapi", "uvicorn", "starlette", "pydantic", "python_multipart")):
            raise
        raise MissingExtraError("api", "serving over HTTP") from error
    from instrunet.apps.service.settings import ServiceSettings

    settings = ServiceSettings(
        model=model,
        max_upload_bytes=round(max_mb * 1024**2),
        max_duration_s=max_minutes * 60,
        concurrency=concurrency,
        max_waiting=waiting,
        request_time_s=request_time,
        keep_results_s=keep,
        token=token,
        cors_origins=tuple(cors or ()),
    )
    app = create_app(settings)
    uvicorn.run(app, host=host, port=port, server_header=False, timeout_keep_alive=10, log_level="warning")
