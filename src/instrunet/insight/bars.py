"""Bar charts as HTML: plain elements with widths, named and numbered."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from instrunet.insight.distributions import ClassDistribution

SPLIT_COLOURS = {"train": "#3f8f9b", "validation": "#c9662b", "test": "#1c3f6e"}
PLAIN_COLOUR = "#3f8f9b"


def histogram(counts: NDArray[np.int64]) -> str:
    """Draw standing bars for 0, 1, 2, … with the numbers over them."""
    largest = max(int(counts.max(initial=1)), 1)
    bars = "".join(
        f'<div><b>{int(n) or ""}</b><i style="height:{130 * n / largest:.1f}px"></i><span>{k}</span></div>'
        for k, n in enumerate(counts)
    )
    return f'<div class="histogram">{bars}</div>'


def class_bars(distribution: ClassDistribution) -> str:
    """Draw a line a class: its share of each split as it is, and beside it after balancing."""
    shares = distribution.counts / np.maximum(distribution.sizes, 1)
    balanced = distribution.balanced / np.maximum(distribution.sizes, 1)
    largest = max(float(shares.max(initial=0)), float(balanced.max(initial=0)), 1e-9)
    lines = []
    for i, word in enumerate(distribution.words):
        count = " / ".join(str(int(n)) for n in distribution.counts[i])
        cells = "".join(f"<td>{_stack(values[i], distribution.splits, largest)}</td>" for values in (shares, balanced))
        lines.append(f"<tr><th>{escape(word)}</th><td class=n>{count}</td>{cells}</tr>")
    names = " / ".join(f'<i style="background:{_colour(s)}"></i>{escape(s)}' for s in distribution.splits)
    head = f"<tr><th></th><td class=n>{names}</td><td>as it is</td><td>after balancing</td></tr>"
    return f'<table class="bars"><thead>{head}</thead>{"".join(lines)}</table>'


def _stack(shares: NDArray[np.float64], splits: tuple[str, ...], largest: float) -> str:
    return "".join(
        f'<s style="width:{100 * share / largest:.1f}%;background:{_colour(split)}" '
        f'title="{100 * share:.1f} % of {split}"></s>'
        for share, split in zip(shares, splits, strict=True)
    )


def _colour(split: str) -> str:
    return SPLIT_COLOURS.get(split, PLAIN_COLOUR)
