"""The results of Classify and Regress as JSON.

Upstream: `MakeJsonFromClassificationResult` and `MakeJsonFromRegressionResult` in util/json_tensor.cc.
"""

import numpy as np

from facegrid.tfserving.v1.classification_pb2 import ClassificationResult, Classifications
from facegrid.tfserving.v1.regression_pb2 import RegressionResult
from model_server.rest.json_values import decimals, indent, quoted


def classifications_json(result: ClassificationResult) -> str:
    """Returns {"results": [...]}: for each example a list of [label, score]."""
    return _results(", ".join(map(_classes_json, result.classifications)) + indent(1))


def regressions_json(result: RegressionResult) -> str:
    """Returns {"results": [...]}: a number for each example."""
    return _results(", ".join(decimals(np.array([each.value for each in result.regressions], np.float32))))


def _results(members: str) -> str:
    return "{" + indent(1) + f'"results": [{members}]' + indent(0) + "}"


def _classes_json(classifications: Classifications) -> str:
    scores = decimals(np.array([found.score for found in classifications.classes], np.float32))
    pairs = (f"[{quoted(found.label)}, {score}]" for found, score in zip(classifications.classes, scores, strict=True))
    return f"[{', '.join(pairs)}]"
