"""Quantised music as a score: MusicXML that opens in any notation program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from instrunet.errors import MissingExtraError
from instrunet.files import written_whole
from instrunet.labels import instrument
from instrunet.transcription.drum_staff import drum_measure_note
from instrunet.transcription.hands import TWO_STAVES, hands
from instrunet.transcription.harmony import ChordSymbol, Key, chord_symbols, find_key, spell
from instrunet.transcription.notes import DRUM_PARTS
from instrunet.transcription.players import player_of, shown_name
from instrunet.transcription.quantise import QuantisedMusic, ScoreNote, ScorePart
from instrunet.transcription.staves import Chord, clef_of, voices

USUAL_CLEF = {
    "viola": "alto", "cello": "bass", "double_bass": "bass", "electric_bass": "bass", "bassoon": "bass",
    "trombone": "bass", "tuba": "bass", "timpani": "bass", "violin": "treble", "flute": "treble", "oboe": "treble",
    "clarinet": "treble", "trumpet": "treble", "saxophone": "treble", "french_horn": "treble", "mandolin": "treble",
    "acoustic_guitar": "treble8vb", "electric_guitar": "treble8vb", "banjo": "treble8vb", "ukulele": "treble",
}  # fmt: skip


TRANSPOSING = frozenset({"clarinet", "saxophone", "trumpet", "french_horn"})
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class ScoreOptions:
    """Title, composer line, whether parts are shown at written pitch, and whether chord symbols are set."""

    title: str = "Untitled"
    composer: str = "Transcribed by instrunet"
    transposed: bool = True
    chord_symbols: bool = True


@dataclass(frozen=True)
class Heading:
    """What stands over a staff: the tempo mark (once a score) and the chord symbols (over one part)."""

    tempo: bool
    symbols: tuple[ChordSymbol, ...] = ()


def to_music21(music: QuantisedMusic, options: ScoreOptions | None = None) -> Any:
    """Build a ``music21.stream.Score`` in sounding pitch, with names, clefs, key, metre, tempo and chord symbols."""
    try:
        from music21 import layout, metadata, stream
    except ImportError as error:
        raise MissingExtraError("transcribe", "notation") from error
    options = options or ScoreOptions()
    key = find_key([p for p in music.parts if p.instrument not in DRUM_PARTS])
    score = stream.Score()
    score.metadata = metadata.Metadata()
    score.metadata.title = options.title
    score.metadata.composer = options.composer
    symbols = chord_symbols(music) if options.chord_symbols else ()
    shown = [part for part in music.parts if part.notes]
    leader = _leader(shown)
    for index, part in enumerate(shown):
        heading = Heading(tempo=index == 0, symbols=symbols if part is leader else ())
        staves = _staves(part, music, key, heading)
        for staff in staves:
            score.insert(0, staff)
        if len(staves) == 2:
            group = layout.StaffGroup(staves, name=instrument(part.instrument).name, symbol="brace")
            score.insert(0, group)
    return score


def _leader(parts: list[ScorePart]) -> ScorePart | None:
    """Chord symbols stand over the first part that is written as it sounds, so that they are read as they sound."""
    pitched = [part for part in parts if part.instrument not in DRUM_PARTS]
    concert = [part for part in pitched if part.instrument not in TRANSPOSING]
    return next(iter(concert), None)


def write_musicxml(path: Path, music: QuantisedMusic, options: ScoreOptions | None = None) -> None:
    """Write the score as MusicXML."""
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    options = options or ScoreOptions()
    score = to_music21(music, options)
    if options.transposed:
        for part in score.parts:
            part.toWrittenPitch(inPlace=True)
    content = GeneralObjectExporter(score).parse()
    with written_whole(path) as beside:
        beside.write_bytes(content)


@dataclass(frozen=True)
class StaffPlan:
    """What one staff shows, and in which surroundings."""

    part: ScorePart
    clef: str
    music: QuantisedMusic
    key: Key
    heading: Heading


def _staves(part: ScorePart, music: QuantisedMusic, key: Key, heading: Heading) -> list[Any]:
    from music21 import stream

    if part.instrument in DRUM_PARTS:
        return [_staff(stream.Part(), StaffPlan(part, "percussion", music, key, heading))]
    if part.instrument in TWO_STAVES:
        right, left = _by_hand(part)
        if right and left:
            upper = ScorePart(part.instrument, right, part.confidence)
            lower = ScorePart(part.instrument, left, part.confidence)
            return [
                _staff(stream.PartStaff(), StaffPlan(upper, "treble", music, key, heading)),
                _staff(stream.PartStaff(), StaffPlan(lower, "bass", music, key, Heading(tempo=False))),
            ]
    clef = clef_of(part.notes, usual=USUAL_CLEF.get(part.instrument))
    return [_staff(stream.Part(), StaffPlan(part, clef, music, key, heading))]


def _by_hand(part: ScorePart) -> tuple[tuple[ScoreNote, ...], tuple[ScoreNote, ...]]:
    """Right and left hand, as they were decided; decided now where they were not."""
    if any(not n.hand for n in part.notes):
        return hands(part.notes)
    right, left = (tuple(n for n in part.notes if n.hand == hand) for hand in ("right", "left"))
    return right, left


def _staff(staff: Any, plan: StaffPlan) -> Any:
    """Fill a staff: head matter, then a measure at a time."""
    music = plan.music
    staff.partName = shown_name(plan.part.instrument, plan.part.notes)
    staff.insert(0, player_of(plan.part.instrument, plan.part.notes))
    staff.atSoundingPitch = True
    bar = Fraction(music.beats_per_bar)
    shift = -(-music.pickup // bar) * bar
    lanes = [_by_bar(lane, bar, shift) for lane in voices(plan.part.notes) or ((),)]
    end = max(n.start + n.duration for p in music.parts for n in p.notes)
    n_bars = max(1, int(-(-(end + shift) // bar)))
    for index in range(n_bars):
        staff.append(_measure(index, index * bar - shift, [lane.get(index, []) for lane in lanes], plan))
    for measure in staff.getElementsByClass("Measure"):
        measure.makeBeams(inPlace=True)
    staff.getElementsByClass("Measure").last().rightBarline = "final"
    return staff


def _by_bar(lane: Sequence[Chord], bar: Fraction, shift: Fraction) -> dict[int, list[Chord]]:
    """The chords of a voice by the bars in which they sound."""
    found: dict[int, list[Chord]] = {}
    for chord in lane:
        for index in range(int((chord.start + shift) // bar), int(-(-(chord.end + shift) // bar))):
            found.setdefault(index, []).append(chord)
    return found


def _measure(index: int, start: Fraction, lanes: Sequence[Sequence[Chord]], plan: StaffPlan) -> Any:
    from music21 import stream

    measure = stream.Measure(number=index + 1)
    if index == 0:
        _head_matter(measure, plan)
    bar = Fraction(plan.music.beats_per_bar)
    written = [_voice_in_bar(lane, start, bar, plan.part, plan.key) for lane in lanes]
    sounding = [voice for voice in written if voice[1]]
    if len(sounding) <= 1:
        for offset, element in (sounding or written)[0][0]:
            measure.insert(offset, element)
    else:
        for number, (elements, _) in enumerate(sounding, start=1):
            voice = stream.Voice(id=str(number))
            for offset, element in elements:
                voice.insert(offset, element)
            measure.insert(0, voice)
    for symbol in plan.heading.symbols:
        if start <= symbol.start < start + bar:
            measure.insert(symbol.start - start, _chord_symbol(symbol, plan.key))
    return measure


def _head_matter(measure: Any, plan: StaffPlan) -> None:
    from music21 import key as key21
    from music21 import meter, tempo

    measure.insert(0, _clef(plan.clef))
    if plan.part.instrument not in DRUM_PARTS:
        measure.insert(0, key21.KeySignature(plan.key.fifths))
    measure.insert(0, meter.TimeSignature(f"{plan.music.beats_per_bar}/4"))
    if plan.heading.tempo:
        swing = "Swing" if plan.music.swing else None
        measure.insert(0, tempo.MetronomeMark(number=round(plan.music.tempo_bpm), text=swing))


def _voice_in_bar(
    lane: Sequence[Chord], start: Fraction, bar: Fraction, part: ScorePart, key: Key
) -> tuple[list[tuple[Fraction, Any]], bool]:
    """Notes and rests of one voice that fill the bar exactly; notes over the bar line are cut and tied."""
    from music21 import note as note21
    from music21 import tie

    out: list[tuple[Fraction, Any]] = []
    at, sounds = Fraction(0), False
    for chord in lane:
        begin, end = max(chord.start, start), min(chord.end, start + bar)
        if end <= begin:
            continue
        begin, end = begin - start, end - start
        for offset, length in _values(at, begin - at):
            out.append((offset, note21.Rest(quarterLength=length)))
        pieces = _values(begin, end - begin)
        for number, (offset, length) in enumerate(pieces):
            element = _element(chord, length, part, key)
            before = chord.start < start or number > 0
            after = chord.end > start + bar or number < len(pieces) - 1
            if (before or after) and part.instrument not in DRUM_PARTS:
                element.tie = tie.Tie("continue" if before and after else "stop" if before else "start")
            out.append((offset, element))
        at, sounds = end, True
    for offset, length in _values(at, bar - at):
        out.append((offset, note21.Rest(quarterLength=length)))
    return out, sounds


PLAIN = tuple(Fraction(value) for value in "4 3 2 3/2 1 3/4 2/3 1/2 1/3 1/4 1/6 1/8 1/12".split())


def _values(offset: Fraction, length: Fraction) -> list[tuple[Fraction, Fraction]]:
    """Cut a length into writable values that show the beat: off-beat notes are split at the next beat."""
    pieces: list[tuple[Fraction, Fraction]] = []
    while length > 0:
        to_beat = -offset % 1
        room = (
            to_beat
            if 0 < to_beat < length and (length - to_beat > Fraction(1, 2) or to_beat.denominator != 2)
            else length
        )
        value = next((v for v in PLAIN if v <= room and (v <= 1 or offset.denominator <= 2)), room)
        pieces.append((offset, value))
        offset, length = offset + value, length - value
    return pieces


def _element(chord: Chord, length: Fraction, part: ScorePart, key: Key) -> Any:
    from music21 import chord as chord21
    from music21 import note as note21

    if part.instrument in DRUM_PARTS:
        return drum_measure_note(chord.pitches, length, chord.velocity)
    pitches = [_pitch(pitch, key) for pitch in chord.pitches]
    element = (
        note21.Note(pitches[0], quarterLength=length)
        if len(pitches) == 1
        else chord21.Chord(pitches, quarterLength=length)
    )
    element.volume.velocity = chord.velocity
    return element


def _pitch(midi: int, key: Key) -> Any:
    from music21 import pitch as pitch21

    step, alter = spell(midi % 12, key.fifths)
    made = pitch21.Pitch(step=step, octave=(midi - alter - SEMITONES[step]) // 12 - 1)
    if alter:
        made.accidental = pitch21.Accidental(alter)
    return made


def _chord_symbol(symbol: ChordSymbol, key: Key) -> Any:
    from music21 import harmony

    step, alter = spell(symbol.root, key.fifths)
    kinds = {"": "major", "m": "minor", "7": "dominant-seventh", "m7": "minor-seventh", "maj7": "major-seventh",
             "dim": "diminished"}  # fmt: skip
    root = step + ("#" * alter if alter > 0 else "-" * -alter)
    made = harmony.ChordSymbol(root=root, kind=kinds[symbol.kind])
    made.writeAsChord = False
    return made


def _clef(name: str) -> Any:
    from music21 import clef

    kinds = {"treble": clef.TrebleClef, "treble8vb": clef.Treble8vbClef, "alto": clef.AltoClef, "bass": clef.BassClef,
             "percussion": clef.PercussionClef}  # fmt: skip
    return kinds[name]()
