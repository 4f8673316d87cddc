import json

import numpy as np
import pytest

from tests.support.evaluation import require_evaluation_data


@pytest.fixture(scope="session")
def video_clip() -> tuple[list[np.ndarray], dict]:
    """The frames of the evaluation clip, RGB, and what is known of it."""
    av = pytest.importorskip("av")
    folder = require_evaluation_data("video")
    clip = json.loads((folder / "video.json").read_text())[0]
    with av.open(str(folder / clip["file"])) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)], clip
