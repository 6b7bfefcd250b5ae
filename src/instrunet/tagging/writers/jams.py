"""JAMS, the annotation format of music research; written as it is specified, without the package."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any, TextIO

from instrunet.tagging.tags import InstrumentTag, Tags
from instrunet.tagging.writers.options import WriteOptions

JAMS_VERSION = "0.3.4"


def write_jams(tags: Tags, file: TextIO, options: WriteOptions) -> None:
    """Two annotations of the namespace ``tag_open``: what plays in the whole recording, and the ranges."""
    chosen = options.chosen(tags)
    whole = [_observation(tags.start_s, tags.duration_s, tag, tag.confidence) for tag in chosen]
    ranges = [_observation(r.start_s, r.end_s - r.start_s, tag, r.confidence) for tag in chosen for r in tag.ranges]
    end_s = tags.start_s + tags.duration_s
    document = {
        "annotations": [
            _annotation(tags, whole, "instruments of the whole recording"),
            _annotation(tags, sorted(ranges, key=lambda one: (one["time"], one["value"])), "when each plays"),
        ],
        "file_metadata": {
            "title": PurePath(options.name(tags)).stem,
            "artist": "",
            "release": "",
            "duration": round(end_s, 6),
            "identifiers": {},
            "jams_version": JAMS_VERSION,
        },
        "sandbox": {"file": options.name(tags), "remarks": list(tags.remarks), "unknown": list(tags.unknown)},
    }
    json.dump(document, file, indent=1, ensure_ascii=False)
    file.write("\n")


def _observation(time_s: float, duration_s: float, tag: InstrumentTag, confidence: float) -> dict[str, Any]:
    return {
        "time": round(time_s, 6),
        "duration": round(duration_s, 6),
        "value": tag.label,
        "confidence": round(confidence, 6),
    }


def _annotation(tags: Tags, observations: list[dict[str, Any]], meaning: str) -> dict[str, Any]:
    return {
        "namespace": "tag_open",
        "data": observations,
        "annotation_metadata": {
            "annotation_tools": f"instrunet, model {tags.model}",
            "annotation_rules": f"{meaning}; vocabulary {tags.vocabulary}",
            "annotator": {},
            "corpus": "",
            "curator": {"name": "", "email": ""},
            "data_source": "program",
            "validation": "",
            "version": "",
        },
        "sandbox": {},
        "time": round(tags.start_s, 6),
        "duration": round(tags.duration_s, 6),
    }
