import asyncio

import numpy as np
import pytest

from facegrid.errors import DeadlineExceeded, Unavailable
from orchestrator.deadline import Deadline
from orchestrator.predict.batches import MAX_BATCH, predict_batches


class Recorder:
    """Answers each row with itself, later for earlier calls, and counts what is under way."""

    def __init__(self, fail_at=None):
        self.sizes, self.under_way, self.most_under_way, self.finished = [], 0, 0, 0
        self._fail_at = fail_at

    async def predict(self, model, inputs, *, deadline, signature, version):
        assert (model, signature, version) == ("onet", "serving_default", 3)
        deadline.remaining_s()
        self.sizes.append(len(inputs["crops"]))
        number = len(self.sizes)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            for _ in range(20 // number):
                await asyncio.sleep(0)
            if number == self._fail_at:
                raise Unavailable("no server of model onet can be reached")
            self.finished += 1
            return {"row": inputs["crops"][:, 0]}
        finally:
            self.under_way -= 1


def predict(recorder, rows, timeout_s=60.0):
    return asyncio.run(predict_batches(recorder, "onet", "crops", rows, deadline=Deadline(timeout_s), version=3))


@pytest.mark.parametrize("count", [1, MAX_BATCH["onet"], MAX_BATCH["onet"] + 1, 5 * MAX_BATCH["onet"] + 7])
def test_rows_come_back_in_order_whatever_the_number_of_calls(count):
    recorder = Recorder()
    rows = np.arange(count * 2).reshape(count, 2)
    np.testing.assert_array_equal(predict(recorder, rows)["row"], rows[:, 0])
    assert sum(recorder.sizes) == count
    assert max(recorder.sizes) <= MAX_BATCH["onet"]
    assert recorder.most_under_way <= 2


def test_the_first_error_ends_the_rest():
    recorder = Recorder(fail_at=2)
    with pytest.raises(Unavailable):
        predict(recorder, np.zeros((10 * MAX_BATCH["onet"], 2)))
    assert recorder.under_way == 0
    assert len(recorder.sizes) < 10


def test_no_call_starts_after_the_deadline():
    recorder = Recorder()
    with pytest.raises(DeadlineExceeded, match="0 ms"):
        predict(recorder, np.zeros((3, 2)), timeout_s=0)
    assert recorder.sizes == []
