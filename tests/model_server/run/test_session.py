import json
import subprocess
import sys

from tests.support.paths import REPOSITORY


def test_the_documented_call_answers_as_the_quick_one(saved_models):
    """The quick call is a private method; where it is gone, the documented one takes its place."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.model_server.helpers.session_checks",
            str(saved_models / "half_plus_two" / "00000123"),
        ],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    answers = json.loads(done.stdout)
    assert answers["quick"] == answers["documented"] == [[[3.0]], "INVALID_ARGUMENT"]
