"""A page: sections of HTML around which style, sorting and the light/dark switch are wrapped, all in one file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

from instrunet.files import written_whole


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    body: str

    @property
    def anchor(self) -> str:
        """The name that links go to."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())


@dataclass(frozen=True)
class Tile:
    """One large number."""

    name: str
    value: str
    below: str = ""


def page(title: str, lead: str, tiles: Sequence[Tile], sections: Sequence[Section]) -> str:
    """The whole page as HTML; nothing in it is loaded from anywhere. Sections without a body are left out.

    >>> "<h1>A &amp; B</h1>" in page("A & B", "", [], [])
    True
    """
    kept = [section for section in sections if section.body]
    links = "".join(f'<a href="#{section.anchor}">{escape(section.title)}</a>' for section in kept)
    bodies = "".join(
        f'<section id="{section.anchor}"><h2>{escape(section.title)}</h2>{section.body}</section>' for section in kept
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">'
        f"<style>{_asset('page.css')}</style></head><body><main>"
        f'<header><h1>{escape(title)}</h1><button id="theme" type="button">Dark</button></header>'
        f'<p class="lead">{lead}</p>{_tiles(tiles)}<nav aria-label="Sections">{links}</nav>{bodies}'
        f"</main><script>{_asset('page.js')}</script></body></html>\n"
    )


def write_page(html: str, path: str | os.PathLike[str]) -> Path:
    """Write a page whole and give its path."""
    with written_whole(path) as beside:
        beside.write_text(html, encoding="utf-8")
    return Path(path)


def plots(*figures: str) -> str:
    """Figures side by side where there is room; empty ones are left out."""
    kept = [figure for figure in figures if figure]
    return f'<div class="plots">{"".join(kept)}</div>' if kept else ""


def figure(drawing: str, caption: str) -> str:
    """A drawing with a caption; an empty drawing is no figure."""
    return f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>" if drawing else ""


def scrolled(inner: str, *, tall: bool = False) -> str:
    """Something wide (or long) in a box of its own that scrolls."""
    return f'<div class="scroll{" tall" if tall else ""}" tabindex="0">{inner}</div>' if inner else ""


def paragraph(text: str, *, kind: str = "") -> str:
    """Plain text as a paragraph; ``kind`` is a class such as ``note``."""
    return f"<p{f' class={kind}' if kind else ''}>{escape(text)}</p>"


def definitions(words: Sequence[tuple[str, str]]) -> str:
    """Words and what they mean."""
    return f"<dl>{''.join(f'<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>' for word, meaning in words)}</dl>"


def _tiles(tiles: Sequence[Tile]) -> str:
    inner = "".join(
        f'<div class="tile"><span>{escape(tile.name)}</span><b>{escape(tile.value)}</b>'
        f"<span>{escape(tile.below)}</span></div>"
        for tile in tiles
    )
    return f'<div class="tiles">{inner}</div>' if inner else ""


def _asset(name: str) -> str:
    return files("instrunet.evaluation.report").joinpath(name).read_text(encoding="utf-8")
