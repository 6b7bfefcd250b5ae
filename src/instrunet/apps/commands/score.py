"""``instrunet separate``, ``transcribe`` and ``engrave``: from a recording to sheet music."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from instrunet.transcription.pipeline import ScoreMaker

Recording = Annotated[Path, typer.Argument(help="The recording.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)]
Instruments = Annotated[
    str | None, typer.Option("--instruments", help="Who plays, e.g. piano,violin; without it the tagger decides.")
]
SeparatorName = Annotated[str, typer.Option("--separator", help="How the mix is taken apart.")]
Model = Annotated[str, typer.Option("--model", help="The tagger.")]
Start = Annotated[float, typer.Option("--start", min=0.0, help="Begin here (seconds).")]
Duration = Annotated[float | None, typer.Option("--duration", min=0.1, help="Take this much (seconds).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
NotesFrom = Annotated[str, typer.Option("--notes-from", help="Hear notes in the mix, or in each of the stems.")]
Bends = Annotated[bool, typer.Option("--bends", help="Keep pitch bends in the MIDI files.")]
Title = Annotated[str | None, typer.Option("--title", help="Title on the score.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command("separate")(separate)
    app.command("transcribe")(transcribe)
    app.command("engrave")(engrave)


def separate(
    recording: Recording,
    out: Out,
    instruments: Instruments = None,
    separator: SeparatorName = "auto",
    model: Model = "default",
    start: Start = 0.0,
    duration: Duration = None,
    quiet: Quiet = False,
) -> None:
    """Take a recording apart: one file an instrument, which together are the mix."""
    maker = _maker(recording, out, quiet, _request(instruments, separator, model, start, duration))
    shares = maker.separate().facts["energy_shares"]
    _tell(quiet, maker, f"{out / 'stems'}: " + ", ".join(f"{n} ({100 * s:.0f} %)" for n, s in shares.items()))


def transcribe(
    recording: Recording,
    out: Out,
    instruments: Instruments = None,
    separator: SeparatorName = "auto",
    model: Model = "default",
    start: Start = 0.0,
    duration: Duration = None,
    notes_from: NotesFrom = "mix",
    bends: Bends = False,
    quiet: Quiet = False,
) -> None:
    """Write the notes of every instrument as MIDI: one file with all parts, and one a part."""
    request = _request(instruments, separator, model, start, duration, notes_from=notes_from, bends=bends)
    maker = _maker(recording, out, quiet, request)
    counts = maker.transcribe().facts["notes"]
    _tell(quiet, maker, f"{out / 'midi'}: " + ", ".join(f"{n} {c} notes" for n, c in counts.items()))


def engrave(
    recording: Recording,
    out: Out,
    instruments: Instruments = None,
    separator: SeparatorName = "auto",
    model: Model = "default",
    start: Start = 0.0,
    duration: Duration = None,
    notes_from: NotesFrom = "mix",
    title: Title = None,
    quiet: Quiet = False,
) -> None:
    """Set a recording as a score: MusicXML, PDF, SVG, MIDI, stems, and a page to look at and play."""
    request = _request(instruments, separator, model, start, duration, notes_from=notes_from, title=title)
    maker = _maker(recording, out, quiet, request)
    maker.page()
    facts = maker.notate().facts
    _tell(
        quiet,
        maker,
        f"{out / 'score.pdf'}: {maker.engrave().facts['pages']} pages, {facts['key']}, {facts['beats_per_bar']}/4, "
        f"{facts['tempo_bpm']:.0f} beats a minute; look and listen: {out / 'index.html'}",
    )


def _request(
    instruments: str | None,
    separator: str,
    model: str,
    start: float,
    duration: float | None,
    *,
    notes_from: str = "mix",
    bends: bool = False,
    title: str | None = None,
) -> object:
    from instrunet.transcription.pipeline import ScoreRequest, with_instruments
    from instrunet.transcription.writing_down import WritingOptions

    writing = WritingOptions(notes_from=notes_from, keep_bends=bends)
    request = ScoreRequest(
        separator=separator, model=model, start_s=start, duration_s=duration, writing=writing, title=title
    )
    return with_instruments(request, instruments)


def _maker(recording: Path, out: Path, quiet: bool, request: object) -> ScoreMaker:
    from instrunet.transcription.pipeline import ScoreMaker, ScoreRequest

    assert isinstance(request, ScoreRequest)

    def notify(stage: str, state: str) -> None:
        if not quiet:
            typer.echo(f"{stage}: {state}", err=True)

    return ScoreMaker(recording, out, request, notify=notify)


def _tell(quiet: bool, maker: ScoreMaker, sentence: str) -> None:
    for remark in maker.remarks:
        typer.echo(remark, err=True)
    if not quiet:
        typer.echo(sentence)
