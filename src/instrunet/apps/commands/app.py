"""``instrunet app``: the page in the browser."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command("app")(open_page)


def open_page(
    host: Annotated[str, typer.Option(help="Address to listen on; this machine only by default.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    model: Annotated[str, typer.Option(help="A model inside the package, or the path of a bundle.")] = "default",
    max_mb: Annotated[int, typer.Option(min=1, help="Refuse larger uploads.")] = 200,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Open the page: drop a song, see and hear who plays."""
    from instrunet.bundles import Bundle
    from instrunet.errors import MissingExtraError

    if importlib.util.find_spec("streamlit") is None:
        raise MissingExtraError("web", "the page")
    Bundle.load(model)  # what is wrong with the model is said here, not in the browser
    command = [sys.executable, "-m", "streamlit", "run", *page_arguments(host, port, max_mb, browser)]
    source = str(Path(__file__).parents[3])
    paths = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
    settings = {"INSTRUNET_MODEL": model, "INSTRUNET_MAX_MB": str(max_mb), "PYTHONPATH": paths}
    done = subprocess.run(command, env={**os.environ, **settings}, check=False)
    raise typer.Exit(done.returncode)


def page_arguments(host: str, port: int, max_mb: int, browser: bool) -> list[str]:
    """The page and its settings, for ``streamlit run``."""
    settings = {
        "server.address": host,
        "server.port": port,
        "server.maxUploadSize": max_mb,
        "server.headless": str(not browser).lower(),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "theme.light.primaryColor": "#1f6eaa",
        "theme.dark.primaryColor": "#6eb9f5",
    }
    page = Path(__file__).parents[1] / "web.py"
    return [str(page), *(f"--{name}={value}" for name, value in settings.items())]
