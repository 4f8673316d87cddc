"""Generate and Discriminate over gRPC, and given up on both hosts; the networks are plain functions."""

import asyncio
import io
import subprocess
import sys
import threading

import grpc
import numpy as np
import pytest
from PIL import Image

from facegrid.v1 import discriminate_pb2, generate_pb2
from facegrid.v1.generator_service_pb2_grpc import GeneratorServiceStub
from facegrid.v1.label_pb2 import LabelWeight
from orchestrator.pipeline.digits import mix, to_png
from orchestrator.pipeline.noise import noise_of
from orchestrator.predict.batches import MAX_BATCH
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, discriminator, generator
from tests.support.hosts import running_host
from tests.support.paths import REPOSITORY
from tests.support.polling import eventually

BATCH = MAX_BATCH["generator"]
TWO_AND_THREE = [LabelWeight(label=2), LabelWeight(label=3)]


class Counting(FunctionPredictor):
    """Notes the size of every batch."""

    def __init__(self) -> None:
        super().__init__({"generator": generator, "discriminator": discriminator})
        self.sizes = []

    async def predict(self, model, inputs, **options):
        self.sizes.append(len(inputs["labels"]))
        return await super().predict(model, inputs, **options)


@pytest.fixture
def predictor():
    return Counting()


@pytest.fixture
def stub(predictor):
    with (
        running_host(Settings(max_generate_count=2_000), predictor) as target,
        grpc.insecure_channel(target) as channel,
    ):
        yield GeneratorServiceStub(channel)


def asking(**fields):
    return generate_pb2.GenerateRequest(**{"labels": TWO_AND_THREE, "count": 1, **fields})


def generate(stub, **fields):
    return [image for response in stub.Generate(asking(**fields), timeout=60) for image in response.images]


def pixels(image):
    with Image.open(io.BytesIO(image.image)) as opened:
        return np.asarray(opened)


def test_a_picture_comes_with_its_number_noise_and_labels(stub):
    images = generate(stub, count=3, seed=7)
    assert [image.index for image in images] == [0, 1, 2]
    noise, labels = noise_of(7, 0, 3), np.tile(mix([(2, 1), (3, 1)]), (3, 1))
    np.testing.assert_array_equal([image.noise for image in images], noise)
    np.testing.assert_array_equal([image.labels for image in images], labels)
    expected = generator(noise, labels, "serving_default")["images"][..., 0]
    np.testing.assert_array_equal([pixels(image) for image in images], expected)
    assert len({image.image for image in images}) == 3


@pytest.mark.parametrize("count", [1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH + 5])
def test_a_request_is_cut_into_batches_that_a_model_server_takes(stub, predictor, count):
    responses = list(stub.Generate(asking(count=count), timeout=60))
    assert [image.index for response in responses for image in response.images] == list(range(count))
    sizes = [min(BATCH, count - first) for first in range(0, count, BATCH)]
    assert [len(response.images) for response in responses] == sizes
    assert sorted(predictor.sizes, reverse=True) == sizes  # two are under way together, and may overtake each other


def test_picture_i_of_a_seed_is_the_same_whatever_the_count(stub):
    many = generate(stub, count=BATCH + 2, seed=3, truncation=1.5)
    few = generate(stub, count=2, seed=3, truncation=1.5)
    assert [image.image for image in few] == [image.image for image in many[:2]]
    assert max(abs(value) for image in many for value in image.noise) <= 1.5


def test_what_comes_with_a_picture_makes_it_again(stub):
    (first,) = generate(stub, seed=99, labels=[LabelWeight(label=0, weight=3), LabelWeight(label=8, weight=1)])
    labels = [LabelWeight(label=label, weight=weight) for label, weight in enumerate(first.labels)]
    (again,) = generate(stub, noise=first.noise, labels=labels)
    assert again == first


def test_raw_pictures_are_the_pixels_of_the_png_files(stub):
    files = generate(stub, count=2)
    raw = generate(stub, count=2, format=generate_pb2.IMAGE_FORMAT_RAW)
    assert [image.image for image in raw] == [pixels(image).tobytes() for image in files]


BAD_REQUESTS = [
    ({"labels": []}, "INVALID_LABELS: there are 0 labels, at least 1 is needed"),
    ({"labels": [LabelWeight(label=10)]}, "INVALID_LABELS: a label is 10, allowed are 0 to 9"),
    ({"labels": [LabelWeight(label=1, weight=-2)]}, "INVALID_LABELS: the weight of label 1 is -2, allowed are finite"),
    ({"labels": [LabelWeight(label=1, weight=float("nan"))]}, "INVALID_LABELS: the weight of label 1 is nan"),
    ({"labels": [LabelWeight(label=1, weight=0)]}, "INVALID_LABELS: the weights of all 1 labels are 0"),
    ({"count": 0}, "INVALID_OPTION: count is 0, allowed are 1 to 2,000"),
    ({"count": 10_000_000}, "INVALID_OPTION: count is 10,000,000, allowed are 1 to 2,000"),
    ({"seed": 2**63}, "INVALID_OPTION: seed is 9223372036854775808, allowed are 0 to 9223372036854775807"),
    ({"truncation": 0.4}, "INVALID_OPTION: truncation is 0.4, allowed are 0.5 to 10"),
    ({"truncation": float("nan")}, "INVALID_OPTION: truncation is nan, allowed are 0.5 to 10"),
    ({"truncation": 10.1}, "INVALID_OPTION: truncation is 10.1, allowed are 0.5 to 10"),
    ({"noise": [0.0] * 63}, "INVALID_OPTION: noise has 63 numbers, expected 64: 64 for each of 1 pictures"),
    ({"noise": [0.0] * 64, "count": 2}, "INVALID_OPTION: noise has 64 numbers, expected 128"),
    ({"noise": [0.0] * 63 + [float("nan")]}, "INVALID_OPTION: a number of the noise is nan, allowed are -10 to 10"),
    ({"noise": [0.0] * 63 + [11]}, "INVALID_OPTION: a number of the noise is 11, allowed are -10 to 10"),
    ({"noise": [0.0] * 64, "truncation": 1.0}, "INVALID_OPTION: truncation is set, but noise is given"),
    ({"format": 9}, "INVALID_OPTION: format is 9, allowed are [1, 2]"),
]


@pytest.mark.parametrize(("fields", "words"), BAD_REQUESTS)
def test_a_bad_request_is_refused_with_value_and_range_before_anything_is_computed(stub, predictor, fields, words):
    with pytest.raises(grpc.RpcError) as caught:
        generate(stub, **fields)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details().startswith(words)
    assert predictor.sizes == []


def test_values_at_the_ends_of_their_ranges_are_accepted(stub):
    assert len(generate(stub, seed=2**63 - 1, truncation=0.5, count=2_000)) == 2_000
    assert len(generate(stub, noise=[-10.0] * 32 + [10.0] * 32)) == 1


def test_a_slow_generator_is_a_deadline_that_names_it():
    def slow(noise, labels, signature):
        released.wait(20)
        return generator(noise, labels, signature)

    released = threading.Event()
    with (
        running_host(Settings(), FunctionPredictor({"generator": slow})) as target,
        grpc.insecure_channel(target) as channel,
    ):
        with pytest.raises(grpc.RpcError) as caught:
            generate(GeneratorServiceStub(channel), timeout_ms=300)
        released.set()
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "model generator" in caught.value.details()


def test_discriminate_says_what_the_discriminator_says(stub, predictor):
    images = np.random.default_rng(2).integers(0, 256, (BATCH + 1, 28, 28, 1), np.uint8)
    request = discriminate_pb2.DiscriminateRequest(images=[to_png(image) for image in images], labels=TWO_AND_THREE)
    answer = stub.Discriminate(request, timeout=60)
    logits = discriminator(images, np.tile(mix([(2, 1), (3, 1)]), (BATCH + 1, 1)), "serving_default")["logits"]
    np.testing.assert_array_equal([one.logit for one in answer.discriminations], logits)
    expected = 1 / (1 + np.exp(-logits.astype(float)))
    np.testing.assert_allclose([one.probability for one in answer.discriminations], expected, rtol=1e-6)
    assert predictor.sizes == [BATCH, 1]


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        ([], TWO_AND_THREE, "INVALID_OPTION: there are 0 pictures, allowed are 1 to 2,000"),
        ([b""] * 2_001, TWO_AND_THREE, "INVALID_OPTION: there are 2,001 pictures, allowed are 1 to 2,000"),
        ([to_png(np.zeros((28, 28, 1), np.uint8)), b"x"], TWO_AND_THREE, "INVALID_IMAGE: picture 1 is not a whole PNG"),
        ([to_png(np.zeros((28, 28, 1), np.uint8))], [], "INVALID_LABELS: there are 0 labels"),
    ],
)
def test_discriminate_refuses_what_it_cannot_look_at(stub, predictor, images, labels, words):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Discriminate(discriminate_pb2.DiscriminateRequest(images=images, labels=labels), timeout=60)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details().startswith(words)
    assert predictor.sizes == []


class Held(FunctionPredictor):
    """Answers the call for picture 0 of seed 0, whenever it comes; others wait until they are cancelled."""

    def __init__(self) -> None:
        super().__init__({"generator": generator})
        self.calls, self.cancelled = 0, 0

    async def predict(self, model, inputs, **options):
        self.calls += 1
        if not np.array_equal(inputs["noise"][:1], noise_of(0, 0, 1)):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return await super().predict(model, inputs, **options)


def test_a_stream_that_the_caller_gives_up_stops_the_work():
    predictor = Held()
    with running_host(Settings(), predictor) as target, grpc.insecure_channel(target) as channel:
        call = GeneratorServiceStub(channel).Generate(asking(count=10_000), timeout=60)
        assert len(next(call).images) == BATCH
        eventually(lambda: predictor.calls == 3)
        call.cancel()
        eventually(lambda: predictor.cancelled == 2)
    assert predictor.calls == 3


def test_ray_serves_host_stops_the_work_of_a_stream_that_is_given_up_too():
    """Its method as Ray runs it: iterated over, then closed."""
    code = (
        "import asyncio\n"
        "from contextlib import aclosing\n"
        "from types import SimpleNamespace\n"
        "from orchestrator.api.call_adapter import CallAdapter\n"
        "from orchestrator.api.face_service import FaceService\n"
        "from orchestrator.deployments.face import FaceIngress\n"
        "from orchestrator.settings import Settings\n"
        "from tests.api.test_generation import Held, asking\n"
        "async def main():\n"
        "    predictor = Held()\n"
        "    replica = SimpleNamespace(calls=CallAdapter(FaceService(Settings(), predictor, None)))\n"
        "    context = SimpleNamespace(invocation_metadata=list, set_trailing_metadata=list)\n"
        "    async with aclosing(FaceIngress.Generate(replica, asking(count=10_000), context)) as answers:\n"
        "        print(len((await anext(answers)).images))\n"
        "        waiting = asyncio.create_task(anext(answers))\n"
        "        while predictor.calls < 3:\n"
        "            await asyncio.sleep(0)\n"
        "        waiting.cancel()\n"
        "        await asyncio.gather(waiting, return_exceptions=True)\n"
        "    print(predictor.calls, predictor.cancelled)\n"
        "asyncio.run(main())"
    )
    # In a process of its own: Ray warns of itself when it is imported, and is not small.
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(BATCH), "3", "2"]
