"""A page to listen to: random clips with their spectrogram, sound and truth, in one HTML file without anything else."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet import audio
from instrunet.errors import MissingExtraError
from instrunet.files import written_whole
from instrunet.synthesis.inspection import read_metadata, track_folders
from instrunet.synthesis.truth import FRAMES_PER_S, ranges

Samples = NDArray[np.float32]

LOWEST_DB = -80.0
N_BINS, N_ROWS = 1024, 240
LOWEST_HZ = 40.0
LONGEST_SOURCE = 20
TICKS_HZ = (50, 100, 200, 500, 1000, 2000, 5000, 10_000)
STYLE = """
body{font:15px/1.4 system-ui,sans-serif;max-width:64rem;margin:1rem auto;padding:0 1rem;color:#222;background:#fff}
section{border-top:1px solid #ccc;padding:.8rem 0}h2{font-size:1rem;margin:.2rem 0}img{width:100%;height:auto}
audio{width:100%}p{margin:.2rem 0;color:#555}
@media(prefers-color-scheme:dark){body{background:#151515;color:#ddd}p{color:#aaa}section{border-color:#444}}
"""


def write_page(folder: str | Path, out: str | Path, *, n_clips: int = 20, clip_s: float = 10.0, seed: int = 0) -> Path:
    """Draw ``n_clips`` tracks and write the page.

    Raises:
        InstrunetError: there are no tracks.
        MissingExtraError: matplotlib is not installed.
    """
    rng = np.random.default_rng(seed)
    tracks = track_folders(folder)
    chosen = sorted(int(k) for k in rng.permutation(len(tracks))[:n_clips])
    body = "".join(_section(tracks[k], clip_s, rng) for k in chosen)
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Made tracks</title><style>{STYLE}</style>'
    page += f"<body><h1>{len(chosen)} of {len(tracks)} made tracks</h1>{body}</body></html>"
    with written_whole(out) as beside:
        beside.write_text(page, encoding="utf-8")
    return Path(out)


def _section(track: Path, clip_s: float, rng: np.random.Generator) -> str:
    facts = read_metadata(track)
    ours, rate_hz = facts["instrunet"], int(facts["instrunet"]["sample_rate_hz"])
    start_s = float(np.floor(rng.uniform(0, max(0.0, ours["length_s"] - clip_s)) * FRAMES_PER_S) / FRAMES_PER_S)
    mix = next(track.glob("mix.*"))
    clip = audio.load(mix, start_s=start_s, duration_s=clip_s).samples
    names, present = read_activity(track)
    first = round(start_s * FRAMES_PER_S)
    shown = present[:, first : first + round(clip_s * FRAMES_PER_S)]
    labels = [_label(facts["stems"][name]) for name in names]
    picture = base64.b64encode(_picture(clip, rate_hz, labels, shown)).decode()
    sound = base64.b64encode(_ogg(clip, rate_hz)).decode()
    return (
        f"<section><h2>{html.escape(track.name)}, {start_s:.1f} s: {html.escape(str(ours['piece']['title']))}</h2>"
        f"<p>{html.escape(_release(ours))}</p>"
        f'<img alt="spectrogram and truth" src="data:image/png;base64,{picture}">'
        f'<audio controls preload="none" src="data:audio/ogg;base64,{sound}"></audio></section>'
    )


def _label(stem: dict[str, Any]) -> str:
    """What sounds, and from where: the library, the sound-font or the singer."""
    ours, most = stem["instrunet"], LONGEST_SOURCE
    source = ours["source"] if len(ours["source"]) <= most else ours["source"][: most - 1] + "…"
    return f"{stem['instrument'].replace('_', ' ')}\n{ours['kind']}: {source}"


def _release(ours: dict[str, Any]) -> str:
    release, coding = ours["release"], ours["release"].get("coding", {})
    words = [f"music: {ours['piece']['music']}"]
    if "surroundings" in release:
        words.append(f"{release['surroundings']['kind']} {-release['surroundings']['level_db']:.0f} dB below it")
    if "channel" in release:
        words.append(f"cut above {release['channel']['high_hz']:.0f} Hz")
    if coding.get("rate_hz"):
        words.append(f"sampled at {coding['rate_hz']} Hz in between")
    if coding.get("codec"):
        words.append(f"{coding['codec']} at {coding['kbit_s']} kbit/s")
    return "; ".join(words)


def read_activity(track: Path) -> tuple[list[str], NDArray[np.bool_]]:
    """Names of the stems and (stems, frames) from ``activity.csv``."""
    lines = (track / "activity.csv").read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")[1:]
    return names, np.array([[cell == "1" for cell in line.split(",")[1:]] for line in lines[1:]], bool).T


def _ogg(x: Samples, rate_hz: int) -> bytes:
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, x, rate_hz, format="OGG", subtype="VORBIS")
    return out.getvalue()


def _picture(x: Samples, rate_hz: int, labels: list[str], present: NDArray[np.bool_]) -> bytes:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("plot", "the listening page") from error
    rows_high = 0.36 * len(labels)
    figure = Figure(figsize=(11, 2.7 + rows_high), layout="constrained", dpi=100)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, max(0.6, rows_high)])
    rows_hz = np.geomspace(LOWEST_HZ, rate_hz / 2, N_ROWS)
    bins = np.minimum(np.round(rows_hz / (rate_hz / 2) * N_BINS).astype(int), N_BINS)
    level = spectrogram_db(x, rate_hz)[bins]
    extent = (0.0, len(x) / rate_hz, -0.5, N_ROWS - 0.5)
    shown = above.imshow(level, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=LOWEST_DB, vmax=0)
    ticks_hz = [hz for hz in TICKS_HZ if LOWEST_HZ <= hz < rate_hz / 2]
    places = np.interp(np.log(ticks_hz), np.log(rows_hz), np.arange(N_ROWS))
    above.set_yticks(places, [f"{hz / 1000:g}" for hz in ticks_hz], fontsize=8)
    above.set_ylabel("kHz")
    figure.colorbar(shown, ax=above, pad=0.01, aspect=14).set_label("dB", fontsize=8)
    for row, line in enumerate(present):
        below.broken_barh([(a, b - a) for a, b in ranges(line)], (row - 0.36, 0.72), color="#2f6f8f")
    below.set_yticks(range(len(labels)), labels, fontsize=8)
    below.set_ylim(len(labels) - 0.5, -0.5)
    below.grid(axis="x", color="#ddd", linewidth=0.6)
    below.set_axisbelow(True)
    for side in ("top", "right", "left"):
        below.spines[side].set_visible(False)
    below.tick_params(axis="y", length=0)
    below.set_xlabel("heard in the mix (s)", fontsize=9)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def spectrogram_db(x: Samples, rate_hz: int) -> NDArray[np.float32]:
    """(bins, frames) in dB re the loudest, not below ``LOWEST_DB``; bins reach from 0 to half the sample rate.

    >>> spectrogram_db(np.zeros(3200, np.float32), 32000).shape[0]
    1025
    """
    size = 2 * N_BINS
    padded = np.pad(x, (0, max(0, size - len(x))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 6] * np.hanning(size).astype(np.float32)
    level = 20 * np.log10(np.abs(np.fft.rfft(frames, axis=1)).T + 1e-9)
    return np.asarray(np.maximum(level - level.max(), LOWEST_DB), np.float32)
