"""Engraving without a notation program: MusicXML to SVG pages (verovio) and to one PDF (cairosvg)."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrunet.errors import InstrunetError, MissingExtraError
from instrunet.files import written_whole


@dataclass(frozen=True)
class PageOptions:
    """Paper in tenths of a millimetre (verovio's unit) and the size of the music in percent."""

    width: int = 2100
    height: int = 2970
    margin: int = 120
    scale: int = 100


def toolkit(musicxml: str, options: PageOptions | None = None) -> Any:
    """Open a score in verovio."""
    try:
        import verovio
    except ImportError as error:
        raise MissingExtraError("transcribe", "engraving") from error
    options = options or PageOptions()
    verovio.enableLog(verovio.LOG_OFF)
    kit = verovio.toolkit()
    kit.setOptions(
        {
            "pageWidth": options.width,
            "pageHeight": options.height,
            "pageMarginLeft": options.margin,
            "pageMarginRight": options.margin,
            "pageMarginTop": options.margin,
            "pageMarginBottom": options.margin,
            "scale": options.scale,
            "header": "auto",
            "footer": "none",
            "breaks": "auto",
            "svgViewBox": True,
            "svgBoundingBoxes": False,
            "adjustPageHeight": False,
            "xmlIdSeed": 7,
            "spacingStaff": 9,
            "spacingSystem": 8,
        }
    )
    if not kit.loadData(musicxml):
        raise InstrunetError("the score could not be engraved: verovio does not accept the MusicXML")
    return kit


def svg_pages(musicxml: Path, options: PageOptions | None = None) -> list[str]:
    """Give each page of the score as SVG text."""
    kit = toolkit(musicxml.read_text(encoding="utf-8"), options)
    return [kit.renderToSVG(number) for number in range(1, kit.getPageCount() + 1)]


def sounding_ids(musicxml: Path, options: PageOptions | None = None) -> list[tuple[float, list[str]]]:
    """For each moment at which notes begin: quarter notes from the start of the score, and the ids of the notes.

    The ids are those of the drawn pages, so that a player can mark what sounds.
    """
    kit = toolkit(musicxml.read_text(encoding="utf-8"), options)
    kit.renderToMIDI()
    moments = kit.renderToTimemap({"includeMeasures": False, "includeRests": False})
    return [(float(m["qstamp"]), list(m["on"])) for m in moments if m.get("on")]


def write_pdf(path: Path, pages: list[str]) -> None:
    """Write the pages into one PDF.

    Raises:
        MissingExtraError: cairosvg or pypdf is not installed.
        InstrunetError: cairosvg finds no cairo library on the system.
    """
    try:
        import cairosvg
        from pypdf import PdfReader, PdfWriter
    except ImportError as error:
        raise MissingExtraError("transcribe", "writing PDF") from error
    except OSError as error:
        raise InstrunetError(
            "writing PDF needs the cairo library (Debian: libcairo2; macOS: brew install cairo)"
        ) from error
    writer = PdfWriter()
    for page in pages:
        drawn = cairosvg.svg2pdf(bytestring=_for_cairo(page).encode(), output_width=794, output_height=1123)
        writer.append(PdfReader(io.BytesIO(drawn)))
    with written_whole(path) as beside, beside.open("wb") as handle:
        writer.write(handle)


FLATS, NATURALS, SHARPS, QUARTERS = "\ue260\uea64", "\ue261\uea65", "\ue262\uea66", "\ueca5\ueca3"
MUSIC_TEXT = str.maketrans(
    dict.fromkeys(FLATS, "♭") | dict.fromkeys(NATURALS, "♮") | dict.fromkeys(SHARPS, "♯") | dict.fromkeys(QUARTERS, "♩")
)
"""Music-font letters that verovio sets in running text (tempo marks, chord symbols), as letters of ordinary fonts."""


def _for_cairo(svg: str) -> str:
    """Use letters and fonts that cairo finds everywhere; note heads are drawn as paths already."""
    svg = svg.translate(MUSIC_TEXT)
    return re.sub(r'font-family="[^"]*"', 'font-family="DejaVu Sans, serif"', svg).replace("currentColor", "black")
