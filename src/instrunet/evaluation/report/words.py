"""The words that reports use for numbers, each with its meaning."""

from __future__ import annotations

NAMES = {
    "map": "Mean average precision",
    "micro_ap": "Micro average precision",
    "roc_auc": "ROC-AUC (macro)",
    "micro_roc_auc": "ROC-AUC (micro)",
    "lrap": "LRAP",
    "bce": "Cross-entropy",
    "top1": "Top-1",
    "top3": "Top-3",
    "binary_accuracy": "Binary accuracy",
    "subset_accuracy": "Subset accuracy",
    "ece": "Calibration error",
}
KINDS = {
    "micro": "Micro",
    "macro": "Macro",
    "macro_present": "Macro (occurring)",
    "weighted": "Weighted",
    "samples": "Samples",
}
PARTS = {"precision": "precision", "recall": "recall", "f1": "F1"}

MEANINGS = (
    ("Mask", "A label that nobody observed counts neither for nor against the model, in any number on this page."),
    ("Micro", "All observed (clip, class) pairs counted together; frequent classes weigh more."),
    ("Macro", "The mean over classes; each weighs the same. A ratio of nothing to nothing counts as 0."),
    ("Occurring", "The mean over those classes only that some clip is known to hold."),
    ("Weighted", "The mean over classes, each weighted by its number of positives."),
    ("Samples", "The mean over clips of each clip's own precision, recall or F1."),
    ("Average precision", "Area under the precision–recall curve of one class; its mean is mAP. Needs no threshold."),
    ("ROC-AUC", "How often a clip that has the instrument scores above one that has not. Needs no threshold."),
    ("LRAP", "Label ranking average precision: within a clip, how far up its true labels stand."),
    (
        "Binary accuracy",
        "Share of the observed (clip, class) pairs decided rightly; absent classes flatter it.",
    ),
    ("Subset accuracy", "Share of the clips of which every observed class is decided rightly."),
    ("Top-1, top-3", "On clips with a single instrument: it has the highest score, or one of the three highest."),
    ("Calibration error", "Mean gap between a score and the share of such scores that is right (ECE)."),
    (
        "Intervals",
        "Percentile bootstrap over clips, or over whole groups (songs) where groups are known.",
    ),
    ("tuned", "One threshold per class, the best for F1 on validation clips; never chosen on the clips of this page."),
)


def title_of(name: str) -> str:
    """A number's name for people.

    >>> title_of("macro_f1@0.5"), title_of("bce"), title_of("weighted_recall@tuned")
    ('Macro F1 at 0.5', 'Cross-entropy', 'Weighted recall, tuned')
    """
    bare, _, threshold = name.partition("@")
    kind, _, part = bare.rpartition("_")
    words = NAMES.get(bare) or f"{KINDS.get(kind, kind)} {PARTS.get(part, part)}"
    if not threshold:
        return words
    return f"{words}, tuned" if threshold == "tuned" else f"{words} at {threshold}"
