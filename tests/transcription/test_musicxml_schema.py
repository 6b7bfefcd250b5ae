"""Scores against the schema of MusicXML, as music21 carries it (2.0; what came later is named here)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from instrunet.transcription.quantise import QuantisedMusic, ScoreNote, ScorePart

xmlschema = pytest.importorskip("xmlschema")
music21 = pytest.importorskip("music21")

from instrunet.transcription.notation import write_musicxml  # noqa: E402

LATER = "'measure' attribute not allowed"
"""Of a rest that fills its bar: in MusicXML since 3.0."""


def notes(pitches: tuple[int, ...], length: Fraction) -> tuple[ScoreNote, ...]:
    return tuple(ScoreNote(k * length, length, pitch, 80) for k, pitch in enumerate(pitches))


@pytest.mark.slow
def test_a_score_of_everything_is_valid(tmp_path: Path) -> None:
    parts = (
        ScorePart("saxophone", notes((60, 61, 63, 66, 70), Fraction(3, 4)), 0.9),
        ScorePart("clarinet", notes((60, 64, 67) * 3, Fraction(1, 3)), 0.9),
        ScorePart("cello", (ScoreNote(Fraction(9), Fraction(5, 2), 48, 80),), 0.9),
        ScorePart("piano", notes((48, 72, 52, 76, 55, 79), Fraction(3, 2)), 0.9),
        ScorePart("drums", notes((36, 42, 38, 46, 49, 51), Fraction(1, 2)), 0.9),
    )
    music = QuantisedMusic(parts, 100.0, 3, Fraction(0), swing=True, error_beats=0.0)
    write_musicxml(tmp_path / "score.musicxml", music)
    kept = Path(xmlschema.__file__).parent / "schemas"
    schema = xmlschema.XMLSchema(
        str(Path(music21.__file__).parent / "musicxml" / "musicxml.xsd"),
        allow="local",
        locations={
            "http://www.w3.org/1999/xlink": str(kept / "XLINK" / "xlink.xsd"),
            "http://www.w3.org/XML/1998/namespace": str(kept / "XML" / "xml.xsd"),
        },
    )
    found = [str(error.reason) for error in schema.iter_errors(str(tmp_path / "score.musicxml"))]
    assert [reason for reason in found if not reason.startswith(LATER)] == []
    (tmp_path / "broken.musicxml").write_text(
        (tmp_path / "score.musicxml").read_text().replace("<step>C</step>", "<step>H</step>", 1)
    )
    assert not all(str(e.reason).startswith(LATER) for e in schema.iter_errors(str(tmp_path / "broken.musicxml")))
