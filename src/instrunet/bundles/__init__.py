"""A trained model on disk: weights, front end, labels, thresholds, licence digests. No pickles."""

from __future__ import annotations

from instrunet.bundles.bundle import About, Bundle, bundled_models
from instrunet.bundles.errors import BundleError
from instrunet.bundles.saving import save_bundle
from instrunet.bundles.tagger_spec import Activity, Aggregation, TaggerSpec

__all__ = [
    "About",
    "Activity",
    "Aggregation",
    "Bundle",
    "BundleError",
    "TaggerSpec",
    "bundled_models",
    "save_bundle",
]
