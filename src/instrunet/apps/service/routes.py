"""The routes of version 1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from instrunet.apps.service.catalogue import vocabularies
from instrunet.apps.service.house import House, Wish
from instrunet.apps.service.jobs import FINAL, Job
from instrunet.apps.service.listening import Patience, Recording
from instrunet.apps.service.receiving import Upload, receive, received
from instrunet.apps.service.schema import BODY, TAGS_EXAMPLE, JobJson, ModelJson, TagsJson, VocabularyJson, refusals

router = APIRouter(prefix="/v1")
POLL_S = 0.2
JobId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{8,64}$", description="As POST /v1/jobs gave it.")]
_TAKING = refusals(400, 401, 404, 408, 413, 415, 422, 429, 503)


def house_of(request: Request) -> House:
    """The service that a request came to."""
    house: House = request.app.state.house
    return house


def wish(
    model: Annotated[str | None, Query(description="One of /v1/models.")] = None,
    vocabulary: Annotated[str | None, Query(description="One of /v1/vocabularies; its own if not.")] = None,
    threshold: Annotated[str, Query(description="A number above 0, at most 1; or tuned.")] = "tuned",
    timeline: Annotated[bool, Query(description="Give curves of activity too.")] = False,
    start_s: Annotated[float, Query(ge=0, le=360_000, description="Begin so many seconds into it.")] = 0.0,
    duration_s: Annotated[float | None, Query(gt=0, le=360_000, description="Listen to so many seconds.")] = None,
) -> Wish:
    """The query of a request."""
    return Wish(model, vocabulary, threshold, timeline, start_s, duration_s)


TheHouse = Annotated[House, Depends(house_of)]
TheWish = Annotated[Wish, Depends(wish)]


@router.post(
    "/tags",
    summary="Which instruments play in a recording, and when?",
    response_model=TagsJson,
    responses={200: {"content": {"application/json": {"example": TAGS_EXAMPLE}}}, **_TAKING},
    openapi_extra={"requestBody": BODY},
)
async def post_tags(request: Request, house: TheHouse, wished: TheWish) -> Response:
    """Send an audio file; get what ``instrunet tag --format json`` says of it."""
    settings = house.settings
    tagger = await asyncio.to_thread(house.tagger, wished)
    async with house.desk.admitted(), received(request, settings) as upload:
        house.metrics.add("upload_bytes", upload.n_bytes)
        async with house.desk.served():
            patience = Patience(settings.max_duration_s, settings.request_time_s)
            recording = _recording(upload, wished)
            return JSONResponse(await asyncio.to_thread(house.answer, tagger, recording, wished, patience=patience))


@router.post(
    "/jobs",
    status_code=202,
    summary="The same for a long recording, in the background.",
    response_model=JobJson,
    responses=_TAKING,
    openapi_extra={"requestBody": BODY},
)
async def post_jobs(request: Request, house: TheHouse, wished: TheWish) -> Response:
    """Send an audio file; the answer says where to ask for the result. The file is deleted when the job ends."""
    settings = house.settings
    tagger = await asyncio.to_thread(house.tagger, wished)
    house.jobs.check_room()
    async with house.desk.admitted():
        upload = await receive(request, settings)
    house.metrics.add("upload_bytes", upload.n_bytes)
    patience = Patience(settings.max_job_duration_s, settings.job_time_s)
    recording = _recording(upload, wished)

    def work(progress: Any) -> dict[str, Any]:
        return house.answer(tagger, recording, wished, patience=patience, progress=progress)

    job = house.jobs.add(work, upload.forget)
    where = {"Location": f"/v1/jobs/{job.id}"}
    return JSONResponse(job.to_dict(settings.keep_results_s), status_code=202, headers=where)


@router.get("/jobs/{job_id}", summary="How far a job is.", response_model=JobJson, responses=refusals(401, 404, 422))
async def get_job(house: TheHouse, job_id: JobId) -> Response:
    """State and progress of a job; its result once it is done."""
    return JSONResponse(house.jobs.get(job_id).to_dict(house.settings.keep_results_s))


@router.delete("/jobs/{job_id}", status_code=204, summary="Forget a job.", responses=refusals(401, 404, 422))
async def delete_job(house: TheHouse, job_id: JobId) -> Response:
    """Forget the result now instead of after the stated time."""
    house.jobs.forget(job_id)
    return Response(status_code=204)


@router.get(
    "/jobs/{job_id}/events",
    summary="Progress as server-sent events.",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **refusals(401, 404, 422)},
)
async def get_events(request: Request, house: TheHouse, job_id: JobId) -> StreamingResponse:
    """Events ``progress`` while the job runs, then one event ``done`` or ``failed``; then the stream ends."""
    job = house.jobs.get(job_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, house, job), media_type="text/event-stream", headers=headers)


async def _events(request: Request, house: House, job: Job) -> AsyncIterator[str]:
    before: tuple[str, float] | None = None
    while not await request.is_disconnected():
        now = (job.state, round(job.progress, 3))
        if now != before:
            before = now
            name = job.state if job.state in FINAL else "progress"
            yield f"event: {name}\ndata: {json.dumps(job.to_dict(house.settings.keep_results_s))}\n\n"
        if job.state in FINAL:
            return
        await asyncio.sleep(POLL_S)


@router.get("/models", summary="The models.", response_model=list[ModelJson], responses=refusals(401))
def get_models(house: TheHouse) -> Response:
    """The models that can be asked for, the default first, each with its card."""
    return JSONResponse([house.catalogue.describe(name) for name in house.catalogue.names])


@router.get("/vocabularies", summary="The words.", response_model=list[VocabularyJson], responses=refusals(401))
async def get_vocabularies() -> Response:
    """The vocabularies that answers can be given in."""
    return JSONResponse(vocabularies())


def _recording(upload: Upload, wished: Wish) -> Recording:
    return Recording(upload.path, upload.name, wished.start_s, wished.duration_s)
