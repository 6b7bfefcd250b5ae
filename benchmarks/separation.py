"""How well mixes are taken apart: NMF against our U-Net, per instrument and by how many play.

    python benchmarks/separation.py stems CORPUS/stems [--cases 60] [--separators nmf,unet]
    python benchmarks/separation.py tracks TRACKS_FOLDER [--seconds 12]
    python benchmarks/separation.py realworld ../shared/realworld

``stems`` mixes stems of sources that training never drew (``HELD_OUT``); ``tracks`` takes rendered
multitracks in Slakh's layout, the stems of one instrument summed; ``realworld`` sums real solos of different
instruments, and takes real multitracks where a folder of clips has them. Every separator is told who plays. Printed
are SI-SDR, its gain over the mix taken as it is, and leakage (the others' energy against the instrument's own), in
decibels: the mean over an instrument's stems, then over instruments.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import load
from instrunet.labels import INSTRUMENT_IDS, to_canonical
from instrunet.transcription.separation import SEPARATORS, leakage_db, separator, si_sdr_db

RATE_HZ = 32_000
HELD_OUT = ("fluidr3_gm", "musescore_general_full")
MEANT = {"bass": "electric_bass", "guitar": "acoustic_guitar"}
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """Stems that sum to a mix."""

    stems: dict[str, Samples]

    @property
    def mix(self) -> Samples:
        """Their sum."""
        return np.sum(list(self.stems.values()), axis=0, dtype=np.float32)


@dataclass(frozen=True)
class Score:
    """One stem, as one separator gave it."""

    separator: str
    instrument: str
    playing: int
    si_sdr: float
    gain: float
    leakage: float


def mixed(pools: dict[str, list[Samples]], rng: np.random.Generator) -> Case:
    """Sum two to four stems of different instruments at levels up to 6 dB apart."""
    names = rng.choice(sorted(pools), int(rng.integers(2, 5)), replace=False)
    stems = {}
    for name in names:
        stem = pools[str(name)][int(rng.integers(len(pools[str(name)])))]
        level = float(np.sqrt(np.mean(stem**2)))
        wanted = 0.1 * 10 ** (-rng.uniform(0, 6) / 20)
        stems[str(name)] = (stem * np.float32(wanted / max(level, 1e-4))).astype(np.float32)
    shortest = min(len(s) for s in stems.values())
    return Case({name: stem[:shortest] for name, stem in stems.items()})


def from_stems(folder: Path, options: argparse.Namespace) -> Iterator[Case]:
    """Mixtures of stems of held-out sources."""
    from instrunet.synthesis.store import StemStore

    store = StemStore(folder)
    pools: dict[str, list[int]] = defaultdict(list)
    for number, stem in enumerate(store.stems):
        if stem.source in HELD_OUT and stem.instrument in INSTRUMENT_IDS:
            pools[stem.instrument].append(number)
    rng = np.random.default_rng(options.seed)
    n = round(options.seconds * RATE_HZ)
    for _ in range(options.cases):
        picked = {name: numbers[int(rng.integers(len(numbers)))] for name, numbers in pools.items()}
        scale = np.float32(1 / 32_768)
        yield mixed({name: [store.pcm(k, 0, n).astype(np.float32) * scale] for name, k in picked.items()}, rng)


def from_tracks(folder: Path, options: argparse.Namespace) -> Iterator[Case]:
    """Rendered multitracks in Slakh's layout."""
    import yaml

    for track in sorted(folder.glob("Track*"))[: options.cases]:
        facts = yaml.safe_load((track / "metadata.yaml").read_text(encoding="utf-8"))
        stems: dict[str, Samples] = {}
        for number, row in facts["stems"].items():
            found = list((track / "stems").glob(f"{number}.*"))
            name = row["instrument"]
            if found and name in INSTRUMENT_IDS:
                part = load(found[0], sample_rate_hz=RATE_HZ, duration_s=options.seconds).samples
                stems[name] = stems[name][: len(part)] + part[: len(stems[name])] if name in stems else part
        if len(stems) > 1:
            shortest = min(len(s) for s in stems.values())
            yield Case({name: stem[:shortest] for name, stem in stems.items()})


def from_realworld(folder: Path, options: argparse.Namespace) -> Iterator[Case]:
    """Sums of real solos, and the real multitrack."""
    rows = list(csv.DictReader((folder / "labels.csv").open(encoding="utf-8")))
    solos = [r for r in rows if r["kind"] == "solo" and r["split"] == "dev" and float(r["duration_s"]) >= 2.5]
    pools: dict[str, list[Samples]] = defaultdict(list)
    together: dict[str, Samples] = {}
    for row in solos:
        name = MEANT.get(row["present"], row["present"])
        if name not in INSTRUMENT_IDS:
            name = next(iter(to_canonical("freeform", name)), "")
        if not name:
            continue
        samples = load(folder / "clips" / row["file"], sample_rate_hz=RATE_HZ, duration_s=options.seconds).samples
        if row["source"] == "faroit/stempeg":
            together[name] = samples
        elif float(np.sqrt(np.mean(samples**2))) > 0.003:
            pools[name].append(samples)
    if together:
        yield Case(together)
    rng = np.random.default_rng(options.seed)
    for _ in range(options.cases):
        yield mixed(pools, rng)


SETS: dict[str, Callable[[Path, argparse.Namespace], Iterator[Case]]] = {
    "stems": from_stems, "tracks": from_tracks, "realworld": from_realworld,
}  # fmt: skip


def scores_of(case: Case, names: list[str]) -> list[Score]:
    """Take a case apart by every separator."""
    mix = case.mix
    loud = [name for name, stem in case.stems.items() if stem @ stem > 1e-3 * (mix @ mix)]
    found = []
    for method in names:
        stems = separator(method).separate(mix, RATE_HZ, tuple(case.stems)).samples
        for name in loud:
            truth = case.stems[name]
            reached = si_sdr_db(stems[name], truth)
            found.append(Score(method, name, len(case.stems), reached, reached - si_sdr_db(mix, truth),
                               leakage_db(stems[name], mix - truth, truth)))  # fmt: skip
    return found


def table(scores: list[Score], names: list[str]) -> str:
    """Lay out the table."""
    cells = f"{'SI-SDR':>8s}{'gain':>8s}{'leak':>8s}"
    lines = [f"{'':28s}" + "".join(f"{name:^24s}" for name in names), f"{'':22s}{'stems':>6s}" + cells * len(names)]
    groups: dict[str, list[Score]] = defaultdict(list)
    for s in scores:
        groups[s.instrument].append(s)
    instruments = sorted(groups)
    for s in scores:
        groups[f"{s.playing} playing"].append(s)
    for label in [*instruments, *sorted(g for g in groups if g.endswith("playing"))]:
        cells = "".join(_row(_values(groups[label], name)) for name in names)
        lines.append(f"{label:22s}{len(groups[label]) // len(names):6d}{cells}")
    means = [np.nanmean([_values(groups[i], name) for i in instruments], axis=0) for name in names]
    lines.append(f"{'mean of instruments':22s}{len(instruments):6d}{''.join(_row(m) for m in means)}")
    return "\n".join(lines)


def _values(scores: list[Score], name: str) -> NDArray[np.float64]:
    rows = [(s.si_sdr, s.gain, s.leakage) for s in scores if s.separator == name]
    return np.asarray(np.nanmean(rows, axis=0))


def _row(values: NDArray[np.float64]) -> str:
    return "".join(f"{v:8.1f}" for v in values)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=sorted(SETS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--separators", default="nmf,unet", help=f"of {', '.join(SEPARATORS)}")
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write every score here")
    options = parser.parse_args()
    names = options.separators.split(",")
    scores = [s for case in SETS[options.set](options.folder, options) for s in scores_of(case, names)]
    print(table(scores, names))
    if options.json:
        options.json.write_text(json.dumps([vars(s) for s in scores]), encoding="utf-8")


if __name__ == "__main__":
    main()
