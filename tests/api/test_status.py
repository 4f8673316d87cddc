import json
import logging
import re

import pytest
from grpc import StatusCode

from facegrid.client.channel import CHANNEL_OPTIONS
from facegrid.errors import (
    FacegridError,
    InternalError,
    InvalidImage,
    InvalidOption,
    TryAgain,
    Unavailable,
    error_types,
)
from orchestrator.api.status import public, status_code, status_details, to_message
from orchestrator.types import DetectOptions
from tests.support.paths import REPOSITORY

PAGE = (REPOSITORY / "docs" / "errors.md").read_text(encoding="utf-8")

CODES = {
    "FACEGRID_ERROR": StatusCode.INTERNAL,
    "INVALID_REQUEST": StatusCode.INVALID_ARGUMENT,
    "UNAUTHENTICATED": StatusCode.UNAUTHENTICATED,
    "PERMISSION_DENIED": StatusCode.PERMISSION_DENIED,
    "INVALID_IMAGE": StatusCode.INVALID_ARGUMENT,
    "INVALID_OPTION": StatusCode.INVALID_ARGUMENT,
    "INVALID_LABELS": StatusCode.INVALID_ARGUMENT,
    "LIMIT_EXCEEDED": StatusCode.RESOURCE_EXHAUSTED,
    "UNUSABLE_FACE": StatusCode.INVALID_ARGUMENT,
    "NO_FACE": StatusCode.INVALID_ARGUMENT,
    "MANY_FACES": StatusCode.INVALID_ARGUMENT,
    "FACE_TOO_SMALL": StatusCode.INVALID_ARGUMENT,
    "LOW_SCORE": StatusCode.INVALID_ARGUMENT,
    "FACE_TURNED": StatusCode.INVALID_ARGUMENT,
    "INVALID_SUBJECT": StatusCode.INVALID_ARGUMENT,
    "SUBJECT_NOT_FOUND": StatusCode.NOT_FOUND,
    "ALREADY_ENROLLED": StatusCode.ALREADY_EXISTS,
    "TRY_AGAIN": StatusCode.UNAVAILABLE,
    "UNAVAILABLE": StatusCode.UNAVAILABLE,
    "GALLERY_UNAVAILABLE": StatusCode.UNAVAILABLE,
    "GALLERY_MISMATCH": StatusCode.FAILED_PRECONDITION,
    "DEADLINE_EXCEEDED": StatusCode.DEADLINE_EXCEEDED,
    "OVERLOADED": StatusCode.RESOURCE_EXHAUSTED,
    "RATE_LIMITED": StatusCode.RESOURCE_EXHAUSTED,
    "INTERNAL": StatusCode.INTERNAL,
}


def test_every_error_of_the_tree_has_its_code():
    assert {reason: status_code(error_type("x")) for reason, error_type in error_types().items()} == CODES


def test_every_error_is_documented_with_its_code_and_its_class():
    for reason, error_type in error_types().items():
        if reason not in {"FACEGRID_ERROR", "UNUSABLE_FACE", "TRY_AGAIN"}:
            assert f"| `{reason}` | {CODES[reason].name} | `{error_type.__name__}` |" in PAGE


def test_every_error_that_a_client_retries_is_documented_so():
    """Of those under "Try again later", the one table with this column."""
    retried = json.loads(dict(CHANNEL_OPTIONS)["grpc.service_config"])["methodConfig"][0]["retryPolicy"]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| `\w+` \| (yes|no) \|", PAGE, re.MULTILINE)
    assert {reason for reason, _, _ in rows} == {
        reason for reason, kind in error_types().items() if issubclass(kind, TryAgain) and kind is not TryAgain
    }
    for _, code, answer in rows:
        assert (answer == "yes") == (code in retried["retryableStatusCodes"])


def test_the_example_on_the_page_is_a_real_error():
    with pytest.raises(InvalidOption) as caught:
        DetectOptions(min_face_px=5)
    assert f"\n{status_details(caught.value)}\n" in PAGE


def test_status_and_stream_say_the_same():
    error = InvalidImage("the picture is empty: 0 bytes")
    assert status_details(error) == "INVALID_IMAGE: the picture is empty: 0 bytes"
    message = to_message(error)
    assert (message.code, message.reason, message.message) == (3, "INVALID_IMAGE", "the picture is empty: 0 bytes")


@pytest.mark.parametrize("error", [ZeroDivisionError("/secret/path"), InternalError("rnet has shape [1]")])
def test_a_fault_of_ours_is_logged_under_the_id_that_the_caller_gets(error, caplog):
    with caplog.at_level(logging.ERROR):
        shown = public(error)
    assert type(shown) is InternalError
    assert str(error) not in shown.message
    incident = shown.message.split()[-1]
    (record,) = caplog.records
    assert incident in record.getMessage()
    assert record.exc_info[1] is error
    assert public(shown) is shown
    assert len(caplog.records) == 1


def test_what_is_meant_for_callers_is_passed_on():
    error = Unavailable("no server of model pnet can be reached")
    assert public(error) is error
    assert isinstance(error, FacegridError)
