"""Scores, truth and mask in; numbers, tables, plots and a report out.

>>> result = evaluate([[0.9, 0.4], [0.2, 0.8]], [[1, 0], [0, 1]], None, ["piano", "flute"])
>>> result.numbers()["micro_f1@0.5"]
1.0
"""

from instrunet.evaluation.assessment import Evaluation, EvaluationConfig, evaluate
from instrunet.evaluation.bootstrap import BootstrapConfig, Interval
from instrunet.evaluation.comparison import Comparison, compare
from instrunet.evaluation.published import Published
from instrunet.evaluation.ranges import Event, RangeConfig, RangeScores, score_ranges, window_truth
from instrunet.evaluation.report.comparison_page import write_comparison
from instrunet.evaluation.report.evaluation_page import ReportConfig, write_report
from instrunet.evaluation.report.survey_page import write_survey
from instrunet.evaluation.survey import Survey, SurveyConfig, survey
from instrunet.evaluation.thresholds import Tuning, tune
from instrunet.evaluation.trial import ClipFacts, EvaluationError, unmasked

__all__ = [
    "BootstrapConfig",
    "ClipFacts",
    "Comparison",
    "Evaluation",
    "EvaluationConfig",
    "EvaluationError",
    "Event",
    "Interval",
    "Published",
    "RangeConfig",
    "RangeScores",
    "ReportConfig",
    "Survey",
    "SurveyConfig",
    "Tuning",
    "compare",
    "evaluate",
    "score_ranges",
    "survey",
    "tune",
    "unmasked",
    "window_truth",
    "write_comparison",
    "write_report",
    "write_survey",
]
