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


def download(tags: Tags, format_name: str, *, timeline: bool = True) -> Download:
    """Tags in a format, named after the recording.

    Raises:
        MissingExtraError: the format needs a package that is not installed.
    """
    form = FORMATS[format_name]
    source = Path(tags.path)
    options = WriteOptions(timeline=timeline and form.name == "json", root=source.parent)
    suffix = ".labels.txt" if form.name == "audacity" else form.suffix
    name = (source.stem or "recording") + suffix
    what = tags if form.each else [tags]
    if form.text:
        file = io.StringIO(newline="")
        form.write(what, file, options)
        return Download(name, MIMES[form.name], file.getvalue().encode())
    with tempfile.TemporaryDirectory(prefix="instrunet-") as folder:
        path = Path(folder) / f"picture{form.suffix}"
        form.write(what, path, options)
        return Download(name, MIMES[form.name], path.read_bytes())


def batch_csv(results: list[Tags]) -> Download:
    """Many recordings as one table."""
    file = io.StringIO(newline="")
    named = [replace(tags, path=Path(tags.path).name) for tags in results]
    FORMATS["csv"].write(named, file, WriteOptions())
    return Download("instrunet_multilabel_test_predictions.csv", "text/csv", file.getvalue().encode())
