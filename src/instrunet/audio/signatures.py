"""Telling what a file is from its first bytes, whatever its name says."""

from __future__ import annotations

HEAD_BYTES = 64
_MATROSKA = bytes.fromhex("1A45DFA3")
_ASF = bytes.fromhex("3026B2758E66CF11")


def demuxer(head: bytes) -> str | None:
    """The name of the container demuxer for these first bytes, or None where libsndfile should try.

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


def is_container(head: bytes) -> bool:
    """Whether the file is for PyAV rather than libsndfile."""
    return demuxer(head) is not None
