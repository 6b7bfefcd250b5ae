"""The JSON of the service: the same objects that ``instrunet tag --format json`` writes, described for programs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RangeJson(_Strict):
    """A stretch of time in which an instrument plays."""

    start_s: float
    end_s: float
    confidence: Share


class InstrumentJson(_Strict):
    """What is known of one instrument."""

    label: str
    confidence: Share
    detected: bool
    threshold: Share
    ranges: list[RangeJson]
    activity: list[Share] | None = Field(None, description="At each of times_s; only with timeline=true.")


class FamilyJson(_Strict):
    """A family of instruments that is likely although no member of it is detected."""

    family: str
    confidence: Share


class TagsJson(_Strict):
    """Which instruments play in a recording, and when; the most confident first."""

    path: str = Field(description="What the sender called the file.")
    start_s: float
    duration_s: float
    model: str
    vocabulary: str
    detected: list[str]
    instruments: list[InstrumentJson]
    perhaps: list[FamilyJson] = Field(description="Likely families none of whose members is detected.")
    unknown: list[str] = Field(description="Words of the vocabulary that the model cannot tell of.")
    remarks: list[str] = Field(description="What was wrong with the file, if it could be read all the same.")
    times_s: list[float] | None = Field(None, description="The middle of each step; only with timeline=true.")


class ErrorJson(_Strict):
    """Why a request was refused."""

    code: str = Field(description="A word that does not change.")
    message: str = Field(description="One sentence for people.")


class RefusalJson(_Strict):
    """The body of every answer from 400 on."""

    error: ErrorJson


class JobJson(_Strict):
    """A recording that is heard in the background."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    progress: Share
    created: str
    result: TagsJson | None
    error: ErrorJson | None
    forgotten_in_s: int | None = Field(description="When the result will be forgotten; null while it is not there.")


class ModelJson(_Strict):
    """A model that can be asked for."""

    name: str
    title: str
    licence: str
    default: bool
    vocabulary: str
    labels: list[str]
    thresholds: list[float]
    sample_rate_hz: int
    window_s: float
    card: str


class VocabularyJson(_Strict):
    """Words that answers can be given in."""

    name: str
    title: str
    labels: list[str]


TAGS_EXAMPLE: dict[str, Any] = {
    "path": "song.mp3",
    "start_s": 0.0,
    "duration_s": 8.2,
    "model": "default",
    "vocabulary": "openmic",
    "detected": ["violin"],
    "instruments": [
        {
            "label": "violin",
            "confidence": 0.912345,
            "detected": True,
            "threshold": 0.5,
            "ranges": [{"start_s": 0.4, "end_s": 7.9, "confidence": 0.8712}],
        },
        {"label": "cello", "confidence": 0.212345, "detected": False, "threshold": 0.5, "ranges": []},
    ],
    "perhaps": [],
    "unknown": ["bagpipes"],
    "remarks": [],
}
_AUDIO = {"type": "string", "format": "binary"}
BODY: dict[str, Any] = {
    "required": True,
    "description": "An audio file: the body itself, or the field `file` of a form.",
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["file"], "properties": {"file": _AUDIO}},
        },
        "application/octet-stream": {"schema": _AUDIO},
    },
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its documentation."""
    told = {
        400: ("The request is damaged.", "bad_request", "the form has no file in a field called 'file'"),
        401: ("The token is missing or wrong.", "unauthorised", "this service wants a token"),
        404: ("There is no such thing.", "not_found", "no model is called 'x'; there are: default"),
        408: ("The upload stalled.", "upload_timeout", "the upload did not come within 120 s"),
        413: ("Too many bytes, or too much music.", "too_large", "the upload is larger than the 100 MB that are taken"),
        415: ("A format whose decoder is not installed.", "format_not_installed", "reading this format needs an extra"),
        422: ("Not audio, or an option that makes no sense.", "not_audio", "poem.mp3: not audio that can be decoded"),
        429: ("All places are taken; see Retry-After.", "busy", "all places are taken at the moment"),
        503: ("Listening took too long.", "timeout", "listening took longer than 120 s"),
    }
    out: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        description, code, message = told[status]
        example = {"error": {"code": code, "message": message}}
        content = {"application/json": {"example": example}}
        out[status] = {"model": RefusalJson, "description": description, "content": content}
    return out
