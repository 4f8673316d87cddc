"""A call of one request and many responses, and each frame of a video, see one version of each network."""

import asyncio
from itertools import cycle

from facegrid.v1 import generate_pb2, video_pb2
from facegrid.v1.label_pb2 import LabelWeight
from orchestrator.api.face_service import FaceService
from orchestrator.gallery.gallery import Gallery
from orchestrator.predict.batches import MAX_BATCH
from orchestrator.predict.versioned_predictor import VersionedPredictor
from orchestrator.predict.versions import Route, Versions
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, embedder, generator, onet, rnet
from tests.support.pictures import png
from tests.support.plain_pnet import pnet

NETWORKS = {"generator": generator, "pnet": pnet, "rnet": rnet, "onet": onet, "embedder": embedder}
DIGITS = generate_pb2.GenerateRequest(labels=[LabelWeight(label=2)], count=4 * MAX_BATCH["generator"])


class Noting(FunctionPredictor):
    """Notes the model and version of every call."""

    def __init__(self):
        super().__init__(NETWORKS, {"generator": (1, 2), "pnet": (1, 2)})
        self.asked = []

    async def predict(self, model, inputs, **options):
        self.asked.append((model, options["version"]))
        return await super().predict(model, inputs, **options)


def serving(model, gallery=None):
    """The service where every other draw is for the canary of a model; the calls; the plan."""
    versions = Versions(cycle([0.0, 0.9]).__next__)
    versions.follow(1, {model: Route(stable=1, canary=2, share=0.5)})
    noting = Noting()
    settings = Settings(stream_window=1)  # one frame after the other
    return FaceService(settings, VersionedPredictor(noting, versions), gallery, versions=versions), noting, versions


def test_the_pictures_of_one_call_are_of_one_generator():
    service, noting, _ = serving("generator")

    async def main():
        for _ in range(3):
            answers = [answer async for answer in service.server_stream("Generate", DIGITS)]
            assert len(answers) == 4

    asyncio.run(main())
    drawn = [version for _, version in noting.asked]
    assert drawn == [2] * 4 + [1] * 4 + [2] * 4


def test_a_call_that_is_left_early_and_closed_elsewhere_holds_no_plan():
    service, _, versions = serving("generator")

    async def main():
        answers = service.server_stream("Generate", DIGITS)
        await anext(answers)
        versions.follow(2, {})
        assert versions.oldest_generation == 1
        await asyncio.create_task(answers.aclose())  # as the event loop does with a generator that is collected
        assert versions.oldest_generation == 2

    asyncio.run(main())


def test_a_frame_is_looked_at_by_one_version(tmp_path):
    async def main():
        service, noting, versions = serving("pnet", Gallery(str(tmp_path / "gallery")))
        *frames, last = [answer async for answer in service.stream("IdentifyVideo", video(4))]
        await service.close()
        assert (len(frames), last.end.failed_frames, versions.oldest_generation) == (4, 0, 1)
        return [version for model, version in noting.asked if model == "pnet"]

    asked = asyncio.run(main())
    calls = len(asked) // 4
    assert calls == 2  # a pyramid of two batches, and a frame without faces is not looked at again
    assert asked == [2] * calls + [1] * calls + [2] * calls + [1] * calls


async def video(frames):
    message = video_pb2.IdentifyVideoRequest
    yield message(options=video_pb2.IdentifyVideoOptions(detect_every_n=1))
    for index in range(frames):
        yield message(frame=message.Frame(index=index, timestamp_ms=40 * index, image=png(400, 300)))
    yield message(end=message.End())
