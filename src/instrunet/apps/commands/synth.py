"""``instrunet synth …``: making audio whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from instrunet.synthesis.inspection import ClassRow

group = typer.Typer(help="Make training audio: note mixtures, rendered multitracks, corpora.", no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", "-o", help="The folder to write.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same bytes, whatever the number of workers.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; by default one a core.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="synth")


@group.command()
def notes(
    out: Out,
    bank: Annotated[Path, typer.Option(help="Notes: a manifest (.parquet), an NSynth folder or a folder of samples.")],
    per_level: Annotated[int, typer.Option(min=1, help="Clips for each polyphony.")] = 200,
    levels: Annotated[str, typer.Option(help="Polyphonies, such as 1-11 or 0,1,2 (0: silence and noise).")] = "1-11",
    duration_s: Annotated[float, typer.Option("--duration", min=0.1, help="Seconds a clip.")] = 10.0,
    rate: Annotated[int, typer.Option(min=4000, help="Sample rate in Hz.")] = 16_000,
    split: Annotated[str, typer.Option(help="Which split of a manifest, or 'all'.")] = "train",
    seed: Seed = 0,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Mix single notes into clips of known polyphony; tags that no family tells stay unknown."""
    from instrunet.synthesis import note_mixtures as mixtures
    from instrunet.synthesis.note_pools import open_pool

    config = mixtures.MixtureConfig(per_level, _levels(levels), duration_s, rate, seed)
    pool = open_pool(bank, split=split)
    if pool.missing:
        typer.echo(f"instrunet: the bank has no {', '.join(pool.missing)}", err=True)
    plans = [mixtures.plan_mixture(pool, *number, seed=seed) for number in config.numbers()]
    mixtures.same_settings(out, mixtures.mixture_settings(pool, config))
    _sweep(out)
    _make(mixtures.MixtureMaker(pool, config, out), config.numbers(), workers, quiet)
    mixtures.write_labels(out, plans, pool)
    mixtures.write_manifest(out, plans, pool, config)
    typer.echo(f"{len(plans)} clips, {len(pool.supervised)} of 20 tags known: {out / 'labels.csv'}")


@group.command()
def tracks(
    out: Out,
    n: Annotated[int, typer.Option("-n", min=1, help="How many tracks.")] = 10,
    midi: Annotated[list[Path] | None, typer.Option(help="MIDI files or folders.")] = None,
    bank: Annotated[
        list[Path] | None, typer.Option(help="Recorded notes: a folder of samples, or a note bank.")
    ] = None,
    soundfont: Annotated[list[Path] | None, typer.Option(help="SF2 files; by default those installed.")] = None,
    voice: Annotated[Path | None, typer.Option(help="A folder of voice banks, for singing.")] = None,
    rooms: Annotated[Path | None, typer.Option(help="A folder of impulse responses.")] = None,
    music: Annotated[str, typer.Option(help="Weights, such as arranger=1,midi=1,music21=0.2,mma=0.5.")] = "",
    length_s: Annotated[float, typer.Option("--length", min=1, help="Seconds a track.")] = 60.0,
    rate: Annotated[int, typer.Option(min=8000, help="Sample rate in Hz.")] = 32_000,
    wav: Annotated[bool, typer.Option("--wav", help="Write .wav, as BabySlakh does, instead of .flac.")] = False,
    studio: Annotated[bool, typer.Option(help="Effects, rooms and a mix bus.")] = True,
    release: Annotated[bool, typer.Option(help="Noise, narrow channels and codecs on some mixes.")] = True,
    stereo: Annotated[bool, typer.Option("--stereo", help="Two channels, stems placed by their pan.")] = False,
    first: Annotated[int, typer.Option(min=1, help="Number of the first track.")] = 1,
    seed: Seed = 0,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Render multitracks in Slakh's layout, with the truth of every tenth of a second."""
    from instrunet.synthesis.music_sources import Music, find_midi
    from instrunet.synthesis.note_mixtures import same_settings
    from instrunet.synthesis.orchestra import Sources, open_orchestra
    from instrunet.synthesis.tracks import TrackConfig, TrackMaker, settings_of

    files = find_midi(midi) if midi else ()
    weights = _weights(music) if music else {"arranger": 1.0, "midi": 1.0 if files else 0.0}
    sources = Sources(
        banks=tuple(_bank(folder) for folder in bank or ()),
        fonts=_fonts(soundfont),
        voices=str(voice or ""),
        voice_cache=str(_cache("voices")) if voice else "",
        rooms=str(rooms or ""),
    )
    config = TrackConfig(
        length_s=length_s,
        sample_rate_hz=rate,
        seed=seed,
        studio=studio,
        released=release,
        stereo=stereo,
        suffix=".wav" if wav else ".flac",
        music=Music(**weights, midi_files=files),
        sources=sources,
    )
    open_orchestra(sources)
    same_settings(out, settings_of(config))
    _sweep(out)
    _make(TrackMaker(config, out), range(first, first + n), workers, quiet)
    _tell_skipped(out)


@group.command()
def corpus(
    recipe: Annotated[Path, typer.Argument(help="A TOML recipe, such as recipes/corpus_default.toml.")],
    out: Out,
    material: Annotated[Path, typer.Option(help="Where the folders that the recipe names lie.")] = Path(),
    shards: Annotated[int | None, typer.Option(min=1, help="Another number of shards than the recipe's.")] = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Make the banks and the shards of stems that a default model is trained on.

    Banks that lie in OUT/banks already, such as those of other recipes, are played too.
    """
    from dataclasses import asdict, replace

    from instrunet.synthesis import corpus as made
    from instrunet.synthesis.note_mixtures import same_settings
    from instrunet.synthesis.patch_set import find_patch_sets
    from instrunet.synthesis.soundfont import fluidsynth

    read = made.CorpusRecipe.read(recipe)
    installed = read.soundfonts == ("installed",)
    fonts = _fonts(None if installed else [Path(font) for font in read.soundfonts], player=fluidsynth)
    read = replace(read, soundfonts=(*fonts, *map(str, find_patch_sets() if installed else ())))
    jobs = made.bank_jobs(read, material, out)
    same_settings(out, asdict(read))
    _sweep(out)
    _make(made.make_bank, jobs, workers, quiet)
    banks = tuple(sorted({job.folder for job in jobs} | made.banks_beside(out)))
    maker = made.ShardMaker(read, str(material), banks, str(out / "stems"), str(_cache("voices")))
    n_shards = shards or read.shards
    _make(maker, range(n_shards), workers, quiet)
    typer.echo(f"{n_shards} shards of stems in {out / 'stems'}")


@group.command()
def check(
    folder: Annotated[Path, typer.Argument(help="A folder of rendered tracks, or a corpus.")],
    page: Annotated[Path | None, typer.Option(help="Also write a listening page (HTML) of tracks here.")] = None,
    clips: Annotated[int, typer.Option(min=1, help="How many clips on the page.")] = 20,
    mixes: Annotated[int, typer.Option(min=0, help="How many mixes to rebuild from their stems.")] = 50,
    seed: Seed = 0,
) -> None:
    """Tell how good made audio is: sources for every class; of tracks, mix against stems and truth against notes."""
    from instrunet.errors import UsageError
    from instrunet.synthesis.inspection import inspect, store_rows
    from instrunet.synthesis.listening import write_page

    if (folder / "stems").is_dir():
        if page is not None:
            raise UsageError(f"{folder}: a listening page is made of tracks, not of a corpus; leave out --page")
        _show_classes(store_rows(folder / "stems"))
        return
    found = inspect(folder, most_mixes=mixes)
    _show_classes(found.classes)
    typer.echo(f"{found.n_tracks} tracks, {found.hours:.2f} h; MIDI files skipped: {found.midi_skipped}")
    typer.echo(f"stems sound in {100 * found.agreement:.2f} % of the tenths of a second that notes fill")
    typer.echo(
        f"mix = sum of stems in {found.n_sums} tracks without release: at most {found.worst_sum_error:.5f} apart"
    )
    typer.echo(
        f"mix made again from stems and release in {found.n_released} tracks: correlation at least "
        f"{found.worst_release_correlation:.4f}"
    )
    if page is not None:
        typer.echo(f"listen: {write_page(folder, page, n_clips=clips, seed=seed)}")


def _show_classes(rows: Sequence[ClassRow]) -> None:
    """The table of classes, and a warning for those whose source a model would learn instead."""
    from rich.console import Console
    from rich.table import Table

    table = Table("instrument", "stems", "hours heard", "sources", box=None)
    for row in rows:
        table.add_row(row.instrument, str(row.n_stems), f"{row.hours:.2f}", str(len(row.sources)))
    Console().print(table)
    thin = [row.instrument for row in rows if row.thin]
    if thin:
        typer.echo(f"instrunet: fewer than two independent sources: {', '.join(thin)}", err=True)


def _sweep(out: Path) -> None:
    from instrunet.synthesis.workers import sweep

    if left := sweep(out):
        typer.echo(f"instrunet: removed {left} half-written files of a run that was killed", err=True)


def _make(maker: Callable[[Any], Any], items: Sequence[Any], workers: int | None, quiet: bool) -> None:
    """Make every item on all workers behind a progress bar."""
    from instrunet.synthesis.workers import each_made, worker_count

    for _ in _shown(each_made(maker, items, workers=worker_count(workers)), len(items), quiet):
        pass


def _shown(made: Iterator[Any], total: int, quiet: bool) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(made, total=total, description="", console=console, disable=quiet or not console.is_terminal)


def _levels(text: str) -> tuple[int, ...]:
    """Polyphonies from ``1-11`` or ``0,1,5-7``.

    >>> _levels("0,2-4")
    (0, 2, 3, 4)
    """
    from instrunet.errors import UsageError

    found: list[int] = []
    for piece in text.split(","):
        low, _, high = piece.strip().partition("-")
        if not low.isdigit() or (high and not high.isdigit()):
            raise UsageError(f"--levels {text!r}: write polyphonies as 1-11 or 0,1,2")
        found += range(int(low), int(high or low) + 1)
    return tuple(found)


def _weights(text: str) -> dict[str, float]:
    """Weights of the sources of music.

    >>> _weights("arranger=1,mma=0.5")
    {'arranger': 1.0, 'mma': 0.5}
    """
    from instrunet.errors import UsageError

    found = {"arranger": 0.0}
    for piece in text.split(","):
        name, _, number = piece.strip().partition("=")
        if name not in ("arranger", "midi", "music21", "mma"):
            raise UsageError(f"--music {text!r}: {name!r} is none of arranger, midi, music21, mma")
        try:
            found[name] = float(number or 1)
        except ValueError as error:
            raise UsageError(f"--music {text!r}: {number!r} is no weight") from error
    return found


def _bank(folder: Path) -> str:
    """A folder of samples becomes a note bank, once."""
    import hashlib

    from instrunet.synthesis.bank import sample_notes, write_bank

    if (folder / "notes.jsonl").is_file() or not (folder / "index.csv").is_file():
        return str(folder)
    digest = hashlib.sha256((folder / "index.csv").read_bytes()).hexdigest()[:16]
    kept = _cache("banks") / digest
    if not (kept / "notes.jsonl").is_file():
        typer.echo(f"instrunet: reading the notes of {folder} (once; kept in {kept})", err=True)
        write_bank(kept, sample_notes(folder))
    return str(kept)


def _fonts(wanted: list[Path] | None, *, player: Callable[[], str] | None = None) -> tuple[str, ...]:
    """The sound-fonts that are there; what is missing, their ``player`` too, is named with the package to install."""
    from instrunet.errors import InstrunetError
    from instrunet.synthesis.soundfont import find_soundfonts
    from instrunet.synthesis.soundfont_parts import renderer

    fonts = wanted if wanted is not None else [font for font in find_soundfonts() if font.suffix == ".sf2"]
    for font in fonts:
        if not font.is_file():
            typer.echo(f"instrunet: {font}: not there; install a sound-font, such as 'fluid-soundfont-gm'", err=True)
    there = tuple(str(font) for font in fonts if font.is_file())
    try:
        if there:
            (player or renderer)()
    except InstrunetError as error:
        typer.echo(f"instrunet: {error}; going on without sound-fonts", err=True)
        return ()
    return there


def _cache(kind: str) -> Path:
    import os

    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "instrunet" / kind


def _tell_skipped(out: Path) -> None:
    from collections import Counter

    from instrunet.synthesis.inspection import read_metadata, track_folders

    skipped: Counter[str] = Counter()
    folders = track_folders(out)
    for folder in folders:
        skipped.update(read_metadata(folder)["instrunet"]["midi_skipped"])
    for reason, times in sorted(skipped.items()):
        typer.echo(f"instrunet: skipped {times} times: {reason}", err=True)
    typer.echo(f"{len(folders)} tracks in {out}")
