"""Taking an upload, multipart or raw, into a file of its own; bytes are counted while they come."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from instrunet.apps.service.names import clean_name
from instrunet.apps.service.problems import Problem, TooLargeError, UploadStalledError
from instrunet.apps.service.settings import ServiceSettings
from instrunet.audio import AudioError

FIELD = "file"


@dataclass(frozen=True)
class Upload:
    """A file that has come.

    Attributes:
        path: where it lies, only for now.
        name: what the sender calls it; never a path.
        n_bytes: its size.
    """

    path: Path
    name: str
    n_bytes: int

    def forget(self) -> None:
        """Delete it."""
        self.path.unlink(missing_ok=True)


@asynccontextmanager
async def received(request: Request, settings: ServiceSettings) -> AsyncIterator[Upload]:
    """The upload of a request; deleted at the end, unless somebody moved it away.

    Raises:
        TooLargeError: it has more bytes than are taken.
        UploadStalledError: it does not come in time.
        Problem: it is not what was announced.
    """
    upload = await receive(request, settings)
    try:
        yield upload
    finally:
        upload.forget()


async def receive(request: Request, settings: ServiceSettings) -> Upload:
    """The upload of a request, for the caller to forget."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > settings.max_upload_bytes:
        raise _too_large(settings)
    handle, path = tempfile.mkstemp(prefix="instrunet-upload-")
    try:
        with os.fdopen(handle, "wb") as file:
            async with asyncio.timeout(settings.request_time_s):
                name = await _take(request, settings, file.write)
                n_bytes = file.tell()
        if not n_bytes:
            raise AudioError(f"{name}: is empty; send the bytes of an audio file")
    except BaseException as error:
        Path(path).unlink(missing_ok=True)
        if isinstance(error, TimeoutError):
            raise UploadStalledError(f"the upload did not come within {settings.request_time_s:g} s") from None
        if isinstance(error, ClientDisconnect):
            raise Problem("the upload broke off") from None
        raise
    return Upload(Path(path), name, n_bytes)


async def _take(request: Request, settings: ServiceSettings, write: object) -> str:
    assert callable(write)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        async for piece in _counted(request, settings):
            write(piece)
        return clean_name(request.headers.get("x-filename", ""))
    try:
        parser = MultiPartParser(request.headers, _counted(request, settings), max_files=1, max_fields=8)
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, UnicodeError) as error:
        what = getattr(error, "message", "") or "its parts cannot be told apart"
        raise Problem(f"the multipart body is damaged: {what}") from None
    try:
        file = form.get(FIELD)
        if not isinstance(file, UploadFile):
            raise Problem(f"the form has no file in a field called {FIELD!r}")
        while piece := await file.read(1 << 20):
            write(piece)
        return clean_name(file.filename or "")
    finally:
        await form.close()


async def _counted(request: Request, settings: ServiceSettings) -> AsyncGenerator[bytes, None]:
    n_bytes = 0
    async for piece in request.stream():
        n_bytes += len(piece)
        if n_bytes > settings.max_upload_bytes:
            raise _too_large(settings)
        yield piece


def _too_large(settings: ServiceSettings) -> TooLargeError:
    limit = settings.max_upload_bytes
    size = f"{limit / 1024**2:g} MB" if limit >= 1024**2 else f"{limit} bytes"
    return TooLargeError(f"the upload is larger than the {size} that are taken here; send a shorter or compressed file")
