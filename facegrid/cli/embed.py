"""Turn the faces of pictures into vectors.

Near vectors are likely the same person. The result is a table, or with --json one line for each file, which has the
vectors:

  {"file": ..., "faces": [
    {"box": ..., "score": ..., "landmarks": ..., "vector": [...],
     "model": "dlib_resnet", "version": 1, "metric": "euclidean, raw"}]}

Compare only vectors of the same model and version, by their Euclidean distance; "raw" vectors are not scaled to
length 1.

Exit code: 0 when every file was answered, 1 when one failed, 2 for wrong usage.

Examples:
  facegrid embed photo.jpg --json | jq '.faces[0].vector'
  facegrid embed holiday/ --json > holiday.jsonl
"""

from typing import Any

from facegrid.answers.people import Embedding
from facegrid.cli.arguments import DetectArguments, Pictures, ServiceArguments, Window
from facegrid.cli.command import command
from facegrid.cli.output import face_as_json
from facegrid.cli.pictures import ResultView, run_pictures


@command(__doc__)
def embed(*, pictures: Pictures, service: ServiceArguments, finding: DetectArguments, window: Window = 8) -> int:
    """Runs the command; see `run_pictures`."""
    with service.connect() as client:
        return run_pictures(
            "embed",
            pictures,
            ResultView(_as_json, ("faces", "embedder"), _row, len),
            lambda paths: client.embed_many(paths, window=window, timeout_s=service.timeout_s, **finding.options()),
            as_json=service.json,
        )


def _as_json(found: list[Embedding]) -> dict[str, Any]:
    faces = [
        {
            **face_as_json(one.face),
            "vector": one.vector.tolist(),
            "model": one.model,
            "version": one.version,
            "metric": one.embedder.metric,
        }
        for one in found
    ]
    return {"faces": faces}


def _row(found: list[Embedding]) -> list[str]:
    return [str(len(found)), f"{found[0].model} {found[0].version}" if found else "-"]
