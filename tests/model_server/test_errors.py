"""The codes of errors."""

from model_server.errors import code_of


def test_codes():
    assert [code_of(number).name for number in (3, 5, 9, 99)] == [
        "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "UNKNOWN"
    ]  # fmt: skip
