"""Who is seen in a video: client, plain host, pipeline, model server, exported networks, gallery."""

import cv2
import numpy as np
import pytest
from PIL import Image

import facegrid
from facegrid.answers.video import VideoEventKind
from tests.e2e.boxes import box, iou

WIDTH_PX, HEIGHT_PX = 320, 240
FRAMES_A_SHOT = 12
FRAME_S = 0.2  # a shot must be longer than the time for which a person may be out of view without having left

# Where the faces of the pictures are: x_min, y_min, x_max, y_max.
OBAMA3 = (642, 253, 908, 609)
ASTRONAUT = (182, 64, 265, 171)
OBAMA = (371, 83, 615, 426)
SHOTS = (("obama3.jpg", OBAMA3), ("astronaut.png", ASTRONAUT), ("obama.jpg", OBAMA))


def views(face):
    """The parts of a picture [x, y, width] that a camera shows while it pans over a face and moves closer."""
    centre = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2
    for number in range(FRAMES_A_SHOT):
        width = 2.6 * (face[3] - face[1]) * (1 - 0.01 * number)
        pan = (number / FRAMES_A_SHOT - 0.5) * 0.2 * width
        yield centre[0] - width / 2 + pan, centre[1] - width * HEIGHT_PX / WIDTH_PX / 2 + pan / 2, width


def shot(path, face):
    """The frames of one shot, and where the face is in each."""
    image = np.asarray(Image.open(path).convert("RGB"))
    for x, y, width in views(face):
        scale = WIDTH_PX / width
        matrix = np.float32([[scale, 0, -x * scale], [0, scale, -y * scale]])
        size = WIDTH_PX, HEIGHT_PX
        frame = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        yield frame, tuple((np.array(face) - [x, y, x, y]) * scale)


@pytest.fixture(scope="module")
def shots(samples):
    """Barack Obama, an astronaut who is not enrolled, Barack Obama in another picture: (frame, face) of each."""
    return [list(shot(samples / name, face)) for name, face in SHOTS]


@pytest.fixture
def frames(shots):
    pictures = [picture for one in shots for picture, _ in one]
    return [(number * FRAME_S, picture) for number, picture in enumerate(pictures)]


@pytest.fixture
def people(client, samples):
    client.enroll("Barack Obama", samples / "obama2.jpg")
    client.enroll("Joe Biden", samples / "biden.jpg")
    yield
    for subject in list(client.subjects()):
        client.delete_subject(subject.name)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("every", [1, 5])
def test_each_person_is_one_track_in_each_shot_and_the_stranger_has_no_name(client, shots, frames, every):
    with client.identify_video(frames, detect_every_n=every) as video:
        answers = list(video)
    summary = video.summary
    assert (summary.frames, summary.failed_frames, summary.dropped_frames) == (36, 0, 0)
    assert [answer.index for answer in answers if answer.shot_cut] == [0, 12, 24]
    assert [(one.subject, one.first_frame, one.last_frame) for one in summary.decisions] == [
        ("Barack Obama", 0, 11), (None, 12, 23), ("Barack Obama", 24, 35),
    ]  # fmt: skip
    for answer, (_, truth) in zip(answers, [pair for one in shots for pair in one], strict=True):
        (seen,) = answer.faces
        assert iou(box(seen.face), truth) > 0.6, answer.index
        assert answer.detected == seen.detected
    assert summary.detected_frames == 36 if every == 1 else summary.detected_frames < 36
    for decision in summary.decisions:
        assert all(decision.first_frame <= frame <= decision.last_frame for frame in decision.evidence_frames)


@pytest.mark.usefixtures("people")
def test_entering_and_leaving_are_one_event_each(client, frames):
    with client.identify_video(frames) as video:
        list(video)
    entered, left = VideoEventKind.ENTERED, VideoEventKind.LEFT
    by_name = [(one.kind, one.frame) for one in video.summary.events if one.subject == "Barack Obama"]
    assert by_name == [(entered, 0), (left, 11), (entered, 24), (left, 35)]
    unknown = [(one.kind, one.frame) for one in video.summary.events if one.subject is None]
    assert unknown == [(entered, 12), (left, 23)]


@pytest.mark.usefixtures("people")
def test_a_broken_frame_is_an_error_in_its_place_and_tracks_go_on(client, frames):
    frames[5] = (frames[5][0], b"no picture")
    with client.identify_video(frames[:12]) as video:
        answers = list(video)
    assert [answer.index for answer in answers if answer.error] == [5]
    assert isinstance(answers[5].error, facegrid.InvalidImage)
    (decision,) = video.summary.decisions
    assert (decision.subject, decision.first_frame, decision.last_frame) == ("Barack Obama", 0, 11)


@pytest.mark.usefixtures("people")
def test_a_video_of_one_frame(client, frames):
    with client.identify_video(frames[:1]) as video:
        (answer,) = video
    assert (answer.detected, len(answer.faces)) == (True, 1)
    assert [one.subject for one in video.summary.decisions] == ["Barack Obama"]


@pytest.mark.usefixtures("people")
def test_frames_may_change_their_size(client, frames):
    """A change of size is a new shot: what was followed has no place in it."""
    smaller = [(time_s, cv2.resize(picture, (240, 180))) for time_s, picture in frames[6:12]]
    with client.identify_video([*frames[:6], *smaller]) as video:
        answers = list(video)
    assert [answer.index for answer in answers if answer.shot_cut] == [0, 6]
    assert [(answer.image_width_px, answer.image_height_px) for answer in answers[5:7]] == [(320, 240), (240, 180)]
    assert [one.subject for one in video.summary.decisions] == ["Barack Obama", "Barack Obama"]


def test_in_an_empty_gallery_all_are_unknown(client, frames):
    with client.identify_video(frames[:12]) as video:
        list(video)
    assert [(one.subject, one.distance) for one in video.summary.decisions] == [(None, None)]
