"""``instrunet doctor``: what a report of a bug needs."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator

import typer

BASE = ("numpy", "onnxruntime", "soundfile", "soxr", "rich", "typer")
EXTRAS = {
    "formats": ("av",),
    "parquet": ("pyarrow",),
    "plot": ("matplotlib",),
    "train": ("torch", "onnx", "safetensors"),
    "transcribe": ("verovio", "music21"),
    "web": ("streamlit",),
    "api": ("fastapi",),
    "live": ("sounddevice",),
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(doctor)


def doctor() -> None:
    """Tell versions, codecs, processors and models: what a report of a bug needs."""
    sound = True
    for name, finding, good in findings():
        sound = sound and good
        typer.echo(f"{name:<14}{finding}")
    if not sound:
        raise typer.Exit(1)


def findings() -> Iterator[tuple[str, str, bool]]:
    """What there is, how it is, and whether all is well with it."""
    yield (
        "instrunet",
        f"{_version('instrunet')} ({os.path.dirname(importlib.import_module('instrunet').__file__ or '')})",
        True,
    )
    yield "python", f"{platform.python_version()} ({sys.executable})", True
    yield "system", f"{platform.platform()}, {os.cpu_count()} cores", True
    for package in BASE:
        yield package, _version(package) or "MISSING: install instrunet again", _version(package) is not None
    yield "codecs", *_codecs()
    yield "providers", *_providers()
    for extra, packages in EXTRAS.items():
        versions = [f"{p} {_version(p)}" for p in packages if _version(p)]
        missing = f'not installed: pip install "instrunet[{extra}]"'
        yield f"[{extra}]", ", ".join(versions) if len(versions) == len(packages) else missing, True
    yield from _models()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _codecs() -> tuple[str, bool]:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        return f"FAIL: {error}", False
    wanted = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG", "mp3": "MP3", "aiff": "AIFF"}
    present = soundfile.available_formats()
    subtypes = soundfile.available_subtypes("OGG") if "OGG" in present else {}
    names = [name for name, key in wanted.items() if key in present] + (["opus"] if "OPUS" in subtypes else [])
    containers = "m4a, mp4, webm, wma" if _version("av") else 'm4a and the like need "instrunet[formats]"'
    version = soundfile.__libsndfile_version__
    return f"{', '.join(names)} (libsndfile {version}); {containers}", len(names) == len(wanted) + 1


def _providers() -> tuple[str, bool]:
    try:
        import onnxruntime
    except (ImportError, OSError) as error:
        return f"FAIL: {error}", False
    return ", ".join(onnxruntime.get_available_providers()), True


def _models() -> Iterator[tuple[str, str, bool]]:
    from instrunet.bundles import Bundle, bundled_models
    from instrunet.errors import InstrunetError

    for name in bundled_models():
        try:
            yield "model", f"{name}: {Bundle.load(name).about.title}, intact", True
        except InstrunetError as error:
            yield "model", f"{name}: {error}", False
    if not bundled_models():
        yield "model", "none inside the package: install instrunet again", False
