"""The part of the client's tests' service that knows people: one face in each picture, in memory.

A face's vector is made of its picture's pixels, so that a picture which arrives changed is seen; two are as far apart
as their means differ.
"""

import io

import grpc
import numpy as np
from PIL import Image

from facegrid.v1 import (
    embed_pb2,
    embedder_pb2,
    enroll_pb2,
    error_pb2,
    face_pb2,
    geometry_pb2,
    identify_pb2,
    subject_pb2,
    verify_pb2,
)

EMBEDDER = embedder_pb2.Embedder(name="test_net", version=7, metric=embedder_pb2.Embedder.METRIC_EUCLIDEAN_UNIT)
THRESHOLD = 0.5
FACE = face_pb2.Face(box=geometry_pb2.BoundingBox(x_min=1, y_min=2, x_max=11, y_max=22), score=0.75)
ENROLLED_AT = 1_800_000_000
"""In seconds since 1970: 2027-01-15 08:00:00 UTC."""


def mean(image: bytes) -> float:
    return float(np.asarray(Image.open(io.BytesIO(image)).convert("RGB")).mean() / 255)


class PeopleServicer:
    """The unary methods about people, as the proto says; remembers what it was sent."""

    def __init__(self) -> None:
        self.people: dict[str, list[float]] = {}
        self.asked: list[object] = []

    async def _abort_if_away(self, request, context):
        self.asked.append(request)
        if request.subject == "away":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: gone for a moment")

    async def Embed(self, request, context):  # noqa: N802  (the name in the proto)
        self.asked.append(request)
        vector = [mean(request.image)] * 128
        return embed_pb2.EmbedResponse(
            embeddings=[embed_pb2.Embedding(face=FACE, vector=vector, embedder=EMBEDDER)], image_width_px=9
        )

    async def Verify(self, request, context):  # noqa: N802
        self.asked.append(request)
        distance = abs(mean(request.first.image) - mean(request.second.image))
        rate = None if request.HasField("threshold") else 0.25
        threshold = request.threshold if request.HasField("threshold") else THRESHOLD
        return verify_pb2.VerifyResponse(
            distance=distance,
            threshold=threshold,
            same=distance <= threshold,
            false_match_rate=rate,
            first_face=FACE,
            second_face=FACE,
            embedder=EMBEDDER,
        )

    async def Enroll(self, request, context):  # noqa: N802
        await self._abort_if_away(request, context)
        if not request.subject:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SUBJECT: the subject's name has 0 bytes")
        results = [self._enroll(request.subject, one) for one in request.images]
        return enroll_pb2.EnrollResponse(subject=request.subject, results=results, embedder=EMBEDDER)

    def _enroll(self, subject, portrait):
        if portrait.image == b"no face":
            error = error_pb2.Error(code=3, reason="NO_FACE", message="no face was found in the picture")
            return enroll_pb2.EnrollResponse.Result(error=error)
        faces = self.people.setdefault(subject, [])
        faces.append(mean(portrait.image))
        enrolled = enroll_pb2.EnrolledFace(id=f"{subject}-{len(faces)}", face=FACE)
        return enroll_pb2.EnrollResponse.Result(enrolled=enrolled)

    async def Identify(self, request, context):  # noqa: N802
        self.asked.append(request)
        value = mean(request.image)
        near = sorted((min(abs(value - one) for one in faces), name) for name, faces in self.people.items())
        answer = identify_pb2.Identification(face=FACE)
        for distance, name in near:
            answer.candidates.add(subject=name, distance=distance)
        if near:
            answer.distance = near[0][0]
            if near[0][0] <= THRESHOLD:
                answer.subject = near[0][1]
        if len(near) > 1:
            answer.margin = near[1][0] - near[0][0]
        return identify_pb2.IdentifyResponse(identifications=[answer], threshold=THRESHOLD, embedder=EMBEDDER)

    async def ListSubjects(self, request, context):  # noqa: N802
        """Two on a page, whatever is asked for: the client must go on until there is no token."""
        self.asked.append(request)
        names = sorted(name for name in self.people if name > request.page_token)
        token = names[1] if len(names) > 2 else ""
        return subject_pb2.ListSubjectsResponse(
            subjects=[self._subject(name) for name in names[:2]], next_page_token=token
        )

    async def GetSubject(self, request, context):  # noqa: N802
        await self._abort_if_away(request, context)
        if request.subject not in self.people:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"SUBJECT_NOT_FOUND: nobody is {request.subject!r}")
        face = subject_pb2.GalleryFace(id="x", embedder=EMBEDDER, score=0.5, face_px=80, has_chip=True)
        face.enrolled_at.FromSeconds(ENROLLED_AT)
        return subject_pb2.GetSubjectResponse(subject=self._subject(request.subject), faces=[face])

    async def DeleteSubject(self, request, context):  # noqa: N802
        await self._abort_if_away(request, context)
        if request.subject not in self.people:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"SUBJECT_NOT_FOUND: nobody is {request.subject!r}")
        erased = len(self.people.pop(request.subject))
        return subject_pb2.DeleteSubjectResponse(subject=request.subject, erased_vectors=erased, erased_chips=1)

    async def EmbedStream(self, requests, context):  # noqa: N802
        async for answer in self._one_by_one(requests, context, self.Embed, embed_pb2.EmbedStreamResponse):
            yield answer

    async def EnrollStream(self, requests, context):  # noqa: N802
        async for answer in self._one_by_one(requests, context, self.Enroll, enroll_pb2.EnrollStreamResponse):
            yield answer

    async def IdentifyStream(self, requests, context):  # noqa: N802
        async for answer in self._one_by_one(requests, context, self.Identify, identify_pb2.IdentifyStreamResponse):
            yield answer

    async def _one_by_one(self, requests, context, answer, message):
        items = 0
        async for request in requests:
            if request.HasField("end"):
                yield message(end=message.End(items=items))
                return
            items += 1
            yield message(id=request.item.id, response=await answer(request.item.request, context))

    def _subject(self, name):
        subject = subject_pb2.Subject(name=name, faces=len(self.people[name]))
        subject.first_enrolled_at.FromSeconds(ENROLLED_AT)
        subject.last_enrolled_at.FromSeconds(ENROLLED_AT + 60)
        return subject
