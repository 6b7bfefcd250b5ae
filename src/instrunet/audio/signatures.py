"""Telling what a file is from its own bytes, whatever its name says."""

from __future__ import annotations

import os
import re
from pathlib import Path

HEAD_BYTES = 64
TAIL_BYTES = 1 << 17
_MATROSKA = bytes.fromhex("1A45DFA3")
_ASF = bytes.fromhex("3026B2758E66CF11")
_NAMED = (b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b"fLaC", b"OggS", b"caff", b".snd", b"NIST")
_LAST_PAGE = 4  # the bit of an Ogg page that ends its stream


def demuxer(head: bytes) -> str | None:
    """The container demuxer for these first bytes, or None where libsndfile should try.

    >>> demuxer(bytes(4) + b"ftypM4A "), demuxer(b"RIFF"), demuxer(bytes.fromhex("1A45DFA3"))
    ('mov', None, 'matroska')
    """
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "mov"
    if head.startswith(_MATROSKA):
        return "matroska"
    if head.startswith(_ASF):
        return "asf"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # ADTS: sync word, layer 0
        return "aac"
    return None


def second_demuxer(head: bytes) -> str | None:
    """The container demuxer to try after libsndfile has refused (an mp3 in a wav, Speex or a film in an Ogg).

    >>> second_demuxer(b"RIFF"), second_demuxer(b"Dear ")
    ('wav', None)
    """
    if head.startswith(b"OggS"):
        return "ogg" if any(word in head for word in (b"Speex", b"theora", b"fishead")) else None
    return {b"RIFF": "wav", b"FORM": "aiff", b"caff": "caf"}.get(head[:4])


def is_mpeg(head: bytes) -> bool:
    """Whether these bytes head an MPEG audio frame of any layer, a free bitrate included.

    >>> is_mpeg(bytes.fromhex("fffd9004")), is_mpeg(b"text")
    (True, False)
    """
    return len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and bool(head[1] & 0x06) and head[2] < 0xF0


def may_be_mp3(path: Path, head: bytes) -> bool:
    """Whether only a look at the frames can tell if this is an mp3.

    >>> may_be_mp3(Path("a.mp3"), b"RIFF"), may_be_mp3(Path("a.mp3"), b"Dear "), may_be_mp3(Path("a"), b"ID3")
    (False, True, True)
    """
    if head.startswith(_NAMED):
        return False
    return head.startswith(b"ID3") or is_mpeg(head) or path.suffix.lower() == ".mp3"


def after_id3(path: Path) -> bytes:
    """The first bytes after an ID3v2 tag."""
    with path.open("rb") as file:
        head = file.read(10)
        if not head.startswith(b"ID3") or len(head) < 10:
            return b""
        file.seek(10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)))
        return file.read(HEAD_BYTES)


def cut_off_ogg(path: Path) -> bool:
    """Whether an Ogg file stops before the page that ends its stream."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return True
    segments = tail[at + 27 : at + 27 + tail[at + 26]]
    whole = len(tail) >= at + 27 + tail[at + 26] + sum(segments)
    return not (whole and tail[at + 5] & _LAST_PAGE)


def missing_chunk_bytes(parser_log: str) -> tuple[int, int] | None:
    """From libsndfile's account of a wav or aiff: the bytes of sound stated and present, if some are missing.

    Sizes of 0 and around the top of 32 bits are what recorders leave that did not know the length yet.

    >>> missing_chunk_bytes("data : 352800 (should be 176378)")
    (352800, 176378)
    """
    found = re.search(r"^\s*(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", parser_log, re.MULTILINE)
    if not found:
        return None
    stated, present = int(found[1]), int(found[2])
    return (stated, present) if present < stated < 0x7FFF_0000 else None


def byte_name(path: Path) -> str | bytes:
    """The name as libsndfile wants it: bytes where names are bytes, so that any name can be opened."""
    return str(path) if os.name == "nt" else os.fsencode(path)
