"""Scores, truth and mask in; numbers, tables, plots and a report out.

>>> result = evaluate([[0.9, 0.4], [0.2, 0.8]], [[1, 0], [0, 1]], None, ["piano", "flute"])
>>> result.numbers()["micro_f1@0.5"]
1.0
"""

from instrunet.evaluation.assessment import Evaluation, EvaluationConfig, evaluate
from instrunet.evaluation.bootstrap import BootstrapConfig, Interval
from instrunet.evaluation.thresholds import Tuning, tune
from instrunet.evaluation.trial import ClipFacts, EvaluationError, unmasked

__all__ = [
    "BootstrapConfig",
    "ClipFacts",
    "Evaluation",
    "EvaluationConfig",
    "EvaluationError",
    "Interval",
    "Tuning",
    "evaluate",
    "tune",
    "unmasked",
]
