import json

import numpy as np
import pytest

from tests.support.paths import REPOSITORY

VIDEO_DATA = REPOSITORY.parent / "shared" / "data" / "video"


@pytest.fixture(scope="session")
def video_clip() -> tuple[list[np.ndarray], dict]:
    """The frames of the evaluation clip, RGB, and what is known of it."""
    av = pytest.importorskip("av")
    truth = VIDEO_DATA / "video.json"
    if not truth.exists():
        pytest.skip(f"no evaluation data in {VIDEO_DATA}")
    clip = json.loads(truth.read_text())[0]
    with av.open(str(VIDEO_DATA / clip["file"])) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)], clip
