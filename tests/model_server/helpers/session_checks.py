"""Runs a SavedModel through the quick call and through the documented one; prints both answers as JSON.

Usage: python -m tests.model_server.helpers.session_checks VERSION_FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np

from model_server.errors import ServingError
from model_server.run.short_import import shorten_import

shorten_import()

from model_server.run.saved_model import load  # noqa: E402


def answer(servable, sent: np.ndarray) -> object:
    signature = servable.signatures["serving_default"]
    try:
        (found,) = servable.run([(signature.inputs["x"], sent)], [signature.outputs["y"]], timeout_s=30.0)
    except ServingError as error:
        return error.code.name
    return found.tolist()


def main() -> None:
    servable = load(Path(sys.argv[1]), tags=["serve"])
    sent = [np.array([[2.0]], np.float32), np.array([["a"]], object)]
    quick = [answer(servable, array) for array in sent]
    servable._raw_call = None
    documented = [answer(servable, array) for array in sent]
    servable.close()
    json.dump({"quick": quick, "documented": documented}, sys.stdout)


if __name__ == "__main__":
    main()
