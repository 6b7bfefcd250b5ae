"""What can go wrong with a request: a status, a word for programs and a sentence for people."""

from __future__ import annotations

from instrunet.errors import InstrunetError, MissingExtraError, UsageError


class Problem(InstrunetError):
    """A refusal.

    Attributes:
        status: the HTTP status.
        code: a word that does not change.
        retry_after_s: when another try makes sense; None if never.
    """

    status = 400
    code = "bad_request"
    retry_after_s: int | None = None


class TooLargeError(Problem):
    """More bytes than are taken."""

    status, code = 413, "too_large"


class TooLongError(Problem):
    """More music than is taken."""

    status, code = 413, "too_long"


class BusyError(Problem):
    """All places are taken."""

    status, code, retry_after_s = 429, "busy", 2


class UnauthorisedError(Problem):
    """No token, or a wrong one."""

    status, code = 401, "unauthorised"


class UploadStalledError(Problem):
    """The body did not come in time."""

    status, code = 408, "upload_timeout"


class TimeUpError(Problem):
    """Listening took too long."""

    status, code, retry_after_s = 503, "timeout", 30


class NoSuchThingError(Problem):
    """A job or model that is not there."""

    status, code = 404, "not_found"


def status_and_code(error: InstrunetError) -> tuple[int, str]:
    """How an error is told over HTTP.

    >>> status_and_code(UsageError("no")), status_and_code(TooLargeError("too big"))
    ((422, 'bad_option'), (413, 'too_large'))
    """
    if isinstance(error, Problem):
        return error.status, error.code
    if isinstance(error, UsageError):
        return 422, "bad_option"
    if isinstance(error, MissingExtraError):
        return 415, "format_not_installed"
    return 422, "not_audio"
