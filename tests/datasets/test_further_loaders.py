from __future__ import annotations

from pathlib import Path

import pytest

from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.errors import InstrunetError
from tests.datasets import layouts


def test_medley_solos_db_as_published(shared: Path) -> None:
    manifest = index("medley_solos_db", shared / "layouts/medley_solos_db")
    assert manifest.column("labels_original") == [["flute"]]
    assert manifest.column("split") == ["validation"]
    assert manifest.column("group") == ["medley_solos_db/song 210"]
    assert manifest.paths()[0].is_file()
    assert manifest.column("duration_s") == [pytest.approx(2.97215, abs=1e-4)]


def test_medley_solos_db_with_a_strange_row(tmp_path: Path) -> None:
    table = "subset,instrument,instrument_id,song_id,uuid4\ntest,kazoo,9,1,x\n"
    layouts.text(tmp_path / "annotation/Medley-solos-DB_metadata.csv", table)
    with pytest.raises(InstrunetError, match="line 2: 'kazoo'"):
        index("medley_solos_db", tmp_path)


def test_the_real_jamendo_tags(shared: Path) -> None:
    tags = shared / "metadata/jamendo_autotagging_instrument.tsv"
    manifest = index("jamendo", tags, options=IndexOptions(require_audio=False))
    assert len(manifest) == 25135
    assert manifest.y()[:, manifest.labels.index("piano")].sum() == 7750
    assert manifest.y()[manifest.mask()].all()
    assert manifest.header.provenance[0].missing == {"audio files": 25135}


def test_jamendo_with_tags_taken_as_complete_and_with_a_damaged_line(tmp_path: Path) -> None:
    head = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"
    line = "track_1\tartist_2\talbum_3\t01/1.mp3\t10.5\tinstrument---piano\tinstrument---drums\n"
    table = layouts.text(tmp_path / "autotagging_instrument.tsv", head + line)
    options = IndexOptions(require_audio=False, protocol="tags-as-complete")
    manifest = index("jamendo", tmp_path, options=options)
    assert manifest.mask().all()
    assert manifest.y().sum() == 2
    assert manifest.column("duration_s") == [10.5]
    layouts.text(table, head + "track_1\tartist_2\n")
    with pytest.raises(InstrunetError, match="line 2"):
        index("jamendo", tmp_path)
