"""One page that holds everything: heat maps that name the cell under the pointer, charts, and what stands out."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

import numpy as np

from instrunet.insight.association import STRIKING, Association, Pair, rarest, strongest
from instrunet.insight.bars import class_bars, histogram
from instrunet.insight.exploration import Exploration, View
from instrunet.insight.heatmaps import MEASURES, Layout, to_svg

LONGEST_TABLE = 40
"""Class distributions with more rows than this are folded away."""

_PAGE = Template(
    """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title: who plays with whom</title><style>$style</style></head><body><main>
<h1>$title</h1><p class="lead">$lead</p><ul class="notes">$notes</ul>
<nav>$nav</nav>$sections<footer>$footer</footer></main>
<div id="tip" hidden></div><script>$script</script></body></html>"""
)

_EXPLAINED = {
    "counts": "counts",
    "shares": "share of the row",
    "lift": "lift over chance",
}


def page(exploration: Exploration) -> str:
    """Write the whole page; it needs no other file and no network."""
    sections = [section for view in exploration.views for section in _sections(view)]
    sections.append(_polyphony(exploration))
    sections += [_classes(view) for view in exploration.views]
    nav = "".join(f'<a href="#{key}">{escape(title)}</a>' for key, title, _ in sections)
    body = "".join(
        f'<section id="{key}"><h2>{escape(title)}</h2>{content}</section>' for key, title, content in sections
    )
    return _PAGE.substitute(
        title=escape(exploration.title),
        style=_asset("page.css"),
        lead=_lead(exploration),
        notes="".join(f"<li>{escape(note)}</li>" for note in exploration.notes),
        nav=nav,
        sections=body,
        footer="".join(f"<p>{escape(source)}</p>" for source in exploration.sources),
        script=_asset("page.js"),
    )


@cache
def _asset(name: str) -> str:
    return files("instrunet.insight").joinpath(name).read_text(encoding="utf-8")


def _lead(exploration: Exploration) -> str:
    words = exploration.views[-1].occurrences.words
    genres = ", ".join(f"{escape(genre)} {size}" for genre, size in exploration.genre_sizes.items())
    known = f" in {len(exploration.genre_sizes)} genres ({genres})" if genres else ""
    return (
        f"{exploration.n_recordings:,} recordings{known}; {len(words)} instrument names; "
        f"{float(np.mean(exploration.views[-1].occurrences.polyphony)):.1f} of them in the average recording."
    )


def _sections(view: View) -> list[tuple[str, str, str]]:
    found = []
    if view.genres is not None:
        content = _map(view.genres, f"{view.key}-genre") + _typical(view.genres)
        found.append((f"{view.key}-genre", f"Instrument × genre: {view.title}", content))
    content = _map(view.together, f"{view.key}-together") + _pairs(view.together)
    found.append((f"{view.key}-together", f"Instrument × instrument: {view.title}", content))
    return found


def _map(association: Association, key: str) -> str:
    """Three heat maps, one shown at a time, with the numbers behind them for the pointer."""
    first = "lift" if key.endswith("together") else "shares"
    tabs = "".join(_tab(f"{key}-{measure}", key, measure, shown=measure == first) for measure in MEASURES)
    maps = "".join(
        f'<div class="map" data-measure="{measure}">{to_svg(association, measure)}</div>' for measure in MEASURES
    )
    totals = association.totals
    varying = bool((totals != totals[:, :1]).any())
    numbers = {
        "rows": association.rows,
        "columns": association.columns,
        "counts": association.counts.tolist(),
        "totals": totals.tolist() if varying else totals[:, 0].tolist(),
        "lift": association.lift.round(2).tolist(),
    }
    packed = json.dumps(numbers, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    wide = " wide" if Layout.of(association).width > 900 else ""
    return (
        f'<div class="heat{wide}">{tabs}<div class="maps">{maps}</div>'
        f'<script type="application/json">{packed}</script></div>'
    )


def _tab(place: str, key: str, measure: str, *, shown: bool) -> str:
    checked = " checked" if shown else ""
    box = f'<input type="radio" name="{key}" id="{place}" value="{measure}"{checked}>'
    return f'{box}<label for="{place}">{_EXPLAINED[measure]}</label>'


def _typical(genres: Association) -> str:
    """For each genre the instruments that stand out most in it."""
    lift = genres.lift
    cells = []
    for j, genre in enumerate(genres.columns):
        order = [i for i in np.argsort(-lift[:, j]) if genres.counts[i, j] >= 3 and lift[i, j] > STRIKING][:5]
        names = ", ".join(f"{escape(genres.rows[i])} <em>{lift[i, j]:.1f}×</em>" for i in order)
        cells.append(f"<tr><th>{escape(genre)}</th><td>{names or '–'}</td></tr>")
    return (
        "<h3>What stands out in each genre</h3><p>Instruments heard there in at least three recordings, "
        f'by lift.</p><table class="plain">{"".join(cells)}</table>'
    )


def _pairs(together: Association) -> str:
    n_recordings = int(together.counts.diagonal().max(initial=0))
    at_least = max(3, n_recordings // 100)
    close, apart = strongest(together, at_least=at_least), rarest(together, at_least=at_least)
    return (
        '<div class="two">'
        f"<div><h3>Seek each other</h3><p>At least {at_least} recordings together.</p>{_pair_table(close)}</div>"
        f"<div><h3>Avoid each other</h3><p>Chance would bring at least {at_least}.</p>{_pair_table(apart)}</div></div>"
    )


def _pair_table(pairs: tuple[Pair, ...]) -> str:
    if not pairs:
        return "<p>None.</p>"
    rows = "".join(
        f"<tr><td>{escape(p.row)} &amp; {escape(p.column)}</td><td class=n>{p.count}</td>"
        f"<td class=n>{p.expected:.1f}</td><td class=n>{p.lift:.2f}×</td></tr>"
        for p in pairs
    )
    head = "<tr><th>pair</th><th class=n>seen</th><th class=n>by chance</th><th class=n>lift</th></tr>"
    return f'<table class="plain">{head}{rows}</table>'


def _polyphony(exploration: Exploration) -> tuple[str, str, str]:
    said = "<p>How many different original names a recording has (across), and how many recordings have that many.</p>"
    return "polyphony", "How many instruments a recording has", said + histogram(exploration.polyphony)


def _classes(view: View) -> tuple[str, str, str]:
    table = class_bars(view.classes)
    if len(view.classes.words) > LONGEST_TABLE:
        table = f"<details><summary>All {len(view.classes.words)} names</summary>{table}</details>"
    unsplit = view.classes.splits == ("all",)
    splits = "The manifest has no splits, so all recordings are counted together. " if unsplit else ""
    said = (
        f"<p>{splits}Bars are the share of recordings that have the class. After balancing: as many draws, "
        "each of a class, evenly, and then of one of its recordings; what plays along comes along.</p>"
    )
    return f"{view.key}-classes", f"Class distribution: {view.title}", said + table
