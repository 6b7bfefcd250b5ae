"""Everything as a file: the writers of the command line, into memory."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from instrunet.tagging import Tags
from instrunet.tagging.writers import WriteOptions
from instrunet.tagging.writers.formats import FORMATS

MIMES = {
    "csv": "text/csv",
    "json": "application/json",
    "jams": "application/json",
    "audacity": "text/plain",
    "png": "image/png",
}


@dataclass(frozen=True)
class Download:
    """A file to give away."""

    name: str
    mime: str
    content: bytes


def download(tags: Tags, format_name: str) -> Download:
    """Tags in a format, named after the recording."""
    return Download(download_name(tags, format_name), MIMES[format_name], content(tags, format_name))


def download_name(tags: Tags, format_name: str) -> str:
    """What the file is called."""
    form = FORMATS[format_name]
    suffix = ".labels.txt" if form.name == "audacity" else form.suffix
    return (Path(tags.path).stem or "recording") + suffix


def content(tags: Tags, format_name: str) -> bytes:
    """What is in the file; a picture takes a second.

    Raises:
        MissingExtraError: the format needs a package that is not installed.
    """
    form = FORMATS[format_name]
    options = WriteOptions(timeline=form.name == "json", root=Path(tags.path).parent)
    what = tags if form.each else [tags]
    if form.text:
        file = io.StringIO(newline="")
        form.write(what, file, options)
        return file.getvalue().encode()
    with tempfile.TemporaryDirectory(prefix="instrunet-") as folder:
        path = Path(folder) / f"picture{form.suffix}"
        form.write(what, path, options)
        return path.read_bytes()


def batch_csv(results: list[Tags]) -> Download:
    """Many recordings as one table."""
    file = io.StringIO(newline="")
    named = [replace(tags, path=Path(tags.path).name) for tags in results]
    FORMATS["csv"].write(named, file, WriteOptions())
    return Download("instrunet_multilabel_test_predictions.csv", "text/csv", file.getvalue().encode())
