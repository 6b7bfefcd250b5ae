"""Files that want to break a library run: cut off, bent, mislabelled, endless, unreadable, with names from hell."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from tests.synth import tone

RATE_HZ = 8_000
SOUND_FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "aiff": ("AIFF", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "w64": ("W64", "PCM_16"),
}
CONTAINERS = {"m4a": ("mp4", "aac"), "mka": ("matroska", "ac3"), "webm": ("webm", "libopus")}
SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".m4a")
RENAMED = {
    "html": b"<!doctype html><title>404</title><p>Not found" * 40,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(300),
    "pdf": b"%PDF-1.7\n" + b"1 0 obj\n" * 100,
    "elf": b"\x7fELF\x02\x01\x01" + bytes(600),
    "gzip": b"\x1f\x8b\x08" + bytes(range(256)),
    "zeros": bytes(4096),
    "empty": b"",
    "one-byte": b"R",
}


@dataclass(frozen=True)
class Corpus:
    """A folder of good and poisoned files.

    Attributes:
        folder: Where they lie.
        good: Whole recordings that must be tagged.
        bad: Files that may be tagged where they turn out to be readable, and otherwise must fail with a reason.
    """

    folder: Path
    good: tuple[Path, ...]
    bad: tuple[Path, ...]


def small_corpus(folder: Path) -> Corpus:
    """A dozen bad files, one or two of a kind, and three good ones."""
    sounds = sound_bytes("wav", "flac", "mp3")
    rng = np.random.default_rng(3)
    bad = {
        **dict(list(cut_off("flac", sounds["flac"]))[3:4]),
        **dict(list(cut_off("wav", sounds["wav"]))[:1]),
        **dict(list(bent_headers("mp3", sounds["mp3"], rng, n=1))),
        **{name: body for name, body in odd_wavs() if name in ("rate-0.wav", "channels-65535.wav", "length-huge.wav")},
        **{name: body for name, body in impostors() if name in ("html-inside.mp3", "zip-inside.flac", "empty.wav")},
        **dict(list(unusable_samples())[:1]),
    }
    return _laid_out(folder, sounds, bad, n_good=1)


def full_corpus(folder: Path) -> Corpus:
    """More than 300 bad files of every kind, and good ones of every format."""
    sounds = sound_bytes(*SOUND_FORMATS) | container_bytes()
    rng = np.random.default_rng(3)
    bad: dict[str, bytes] = {}
    for name, body in sounds.items():
        bad.update(cut_off(name, body))
        bad.update(bent_headers(name, body, rng, n=10))
    for kind in (odd_wavs, impostors, unusable_samples):
        bad.update(kind())
    corpus = _laid_out(folder, sounds, bad, n_good=2)
    endless = folder / "twelve-hours.wav"
    sparse_silence(endless, hours=12)
    return Corpus(folder, corpus.good, (*corpus.bad, endless))


def sound_bytes(*formats: str) -> dict[str, bytes]:
    """A second of a tone in formats that libsndfile writes."""
    x = tone(440.0, 1.0, sample_rate_hz=RATE_HZ)
    found = {}
    for name in formats:
        container, coding = SOUND_FORMATS[name]
        file = io.BytesIO()
        soundfile.write(file, x, RATE_HZ, format=container, subtype=coding)
        found[name] = file.getvalue()
    return found


def container_bytes() -> dict[str, bytes]:
    """The same tone in containers that PyAV writes; nothing without PyAV."""
    try:
        import av
    except ImportError:
        return {}
    x = tone(440.0, 1.0, sample_rate_hz=48_000)
    found = {}
    for name, (container, codec) in CONTAINERS.items():
        file = io.BytesIO()
        with av.open(file, "w", format=container) as out:
            stream = out.add_stream(codec, rate=48_000, layout="mono")
            frame = av.AudioFrame.from_ndarray(x[None], format="fltp", layout="mono")
            frame.sample_rate = 48_000
            kind = {"format": stream.format.name, "layout": "mono", "rate": 48_000, "frame_size": stream.frame_size}
            resampler = av.AudioResampler(**kind)
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                out.mux(stream.encode(piece))
            out.mux(stream.encode(None))
        found[name] = file.getvalue()
    return found


def cut_off(name: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """The file up to each tenth of its length."""
    for tenth in range(1, 10):
        yield f"cut-{tenth}.{name}", body[: len(body) * tenth // 10]


def bent_headers(name: str, body: bytes, rng: np.random.Generator, *, n: int) -> Iterator[tuple[str, bytes]]:
    """The file with three random bits of its first 64 bytes flipped."""
    for k in range(n):
        bent = bytearray(body)
        for place in rng.integers(0, min(64, len(body)) * 8, 3):
            bent[place // 8] ^= 1 << (place % 8)
        yield f"bent-{k}.{name}", bytes(bent)


def odd_wavs() -> Iterator[tuple[str, bytes]]:
    """Wave files whose headers lie or exaggerate."""
    for rate in (0, 1, 7, 2**24, 2**31 - 1, 2**32 - 1):
        yield f"rate-{rate}.wav", wav(rate=rate)
    for channels in (0, 3, 255, 1024, 65_535):
        yield f"channels-{channels}.wav", wav(channels=channels)
    for bits in (0, 1, 13, 48, 255):
        yield f"bits-{bits}.wav", wav(bits=bits)
    for name, length in (("none", 0), ("odd", 1999), ("huge", 2**31), ("most", 2**32 - 1)):
        yield f"length-{name}.wav", wav(length=length)
    for coding in (0, 2, 6, 85, 0x7777, 65_535):
        yield f"coding-{coding}.wav", wav(coding=coding)
    yield "no-samples.wav", wav(samples=b"")


def wav(
    *, rate: int = RATE_HZ, channels: int = 1, bits: int = 16, length: int | None = None, coding: int = 1,
    samples: bytes | None = None,
) -> bytes:  # fmt: skip
    """A wave file written by hand, so that its header can say anything."""
    body = (tone(440.0, 0.25, sample_rate_hz=RATE_HZ) * 32_000).astype("<i2").tobytes() if samples is None else samples
    align = min(channels * max(bits // 8, 1), 65_535)
    head = struct.pack("<HHIIHH", coding, channels, rate, min(rate * align, 2**32 - 1), align, bits)
    stated = len(body) if length is None else length
    chunks = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", stated) + body
    return b"RIFF" + struct.pack("<I", min(len(chunks), 2**32 - 1)) + chunks


def impostors() -> Iterator[tuple[str, bytes]]:
    """Things that are no sound under names that say so."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("song.wav", wav())
    kinds = {**RENAMED, "zip": packed.getvalue(), "noise": np.random.default_rng(5).bytes(5000), "film": _film()}
    for kind, body in kinds.items():
        for suffix in SUFFIXES:
            yield f"{kind if kind == 'empty' else kind + '-inside'}{suffix}", body


def unusable_samples() -> Iterator[tuple[str, bytes]]:
    """Sounds whose samples are no numbers, and sounds without samples."""
    for name, value in (("nan", np.nan), ("infinite", np.inf), ("enormous", 1e30)):
        file = io.BytesIO()
        soundfile.write(file, np.full(4000, value), RATE_HZ, format="WAV", subtype="FLOAT")
        yield f"{name}.wav", file.getvalue()
    for suffix in ("wav", "flac", "aiff", "caf", "au", "w64", "ogg"):
        container, coding = SOUND_FORMATS[suffix]
        file = io.BytesIO()
        soundfile.write(file, np.zeros(0), RATE_HZ, format=container, subtype=coding)
        yield f"nothing.{suffix}", file.getvalue()


def sparse_silence(path: Path, *, hours: float) -> None:
    """A wave file of many hours that takes no room on the disk."""
    n_bytes = round(hours * 3600 * RATE_HZ) * 2
    with path.open("wb") as file:
        file.write(wav(samples=b"", length=n_bytes))
        file.truncate(file.tell() + n_bytes)


def _film() -> bytes:
    """A film without sound; some bytes that look like one where PyAV is missing."""
    try:
        import av
    except ImportError:
        return bytes.fromhex("000000206674797069736f6d") + bytes(900)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    return file.getvalue()


def _laid_out(folder: Path, sounds: dict[str, bytes], bad: dict[str, bytes], *, n_good: int) -> Corpus:
    folder.mkdir(parents=True, exist_ok=True)
    good, poisoned = [], []
    for name, body in sounds.items():
        for k in range(n_good):
            good.append(_written(folder / f"good-{k}.{name}", body))
    whole = next(iter(sounds.values()))
    good += [_written(folder / "a\nnew line.wav", whole), _written(folder / os.fsdecode(b"caf\xe9.wav"), whole)]
    for place, (name, body) in enumerate(sorted(bad.items())):
        poisoned.append(_written(folder / f"part-{place % 7}" / name, body))
    poisoned += _links(folder)
    return Corpus(folder, tuple(good), tuple(poisoned))


def _links(folder: Path) -> list[Path]:
    """Links that lead in a circle or nowhere, a folder that holds itself, a pipe and a folder called like a sound."""
    links = folder / "links"
    links.mkdir()
    (links / "round.wav").symlink_to(links / "and-round.wav")
    (links / "and-round.wav").symlink_to(links / "round.wav")
    (links / "nowhere.wav").symlink_to(links / "missing.wav")
    (links / "itself").symlink_to(folder)
    (links / "folder.wav").mkdir()
    os.mkfifo(links / "pipe.wav")
    listed = [links / name for name in ("round.wav", "and-round.wav", "nowhere.wav", "pipe.wav")]
    if os.getuid() != 0:
        listed.append(_written(links / "secret.wav", wav()))
        listed[-1].chmod(0)
    return listed


def _written(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path
