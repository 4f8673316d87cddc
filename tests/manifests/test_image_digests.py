"""Public images are pinned by digest, and the script that does it leaves everything else as it is."""

import hashlib
import shutil
import subprocess
import sys

import pytest

from scripts import image_digests
from tests.manifests.rendered import K8S, Image, everything, kustomize, pods
from tests.support.paths import REPOSITORY

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def made_up(image: str) -> str:
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("busybox", ("busybox", "", "")),
        ("tensorflow/serving:2.20.0", ("tensorflow/serving", "2.20.0", "")),
        ("tensorflow/serving:2.20.0-gpu", ("tensorflow/serving", "2.20.0-gpu", "")),
        (f"tensorflow/serving@{DIGEST}", ("tensorflow/serving", "", DIGEST)),
        (f"tensorflow/serving:2.20.0@{DIGEST}", ("tensorflow/serving", "2.20.0", DIGEST)),
        ("registry.example.com:5000/a/b", ("registry.example.com:5000/a/b", "", "")),
        (f"registry.example.com:5000/a/b:1.2.3@{DIGEST}", ("registry.example.com:5000/a/b", "1.2.3", DIGEST)),
    ],
)
def test_a_reference_is_taken_apart(reference, parts):
    image = Image.of(reference)
    assert (image.name, image.tag, image.digest) == parts


@pytest.mark.parametrize("reference", [f"a:1@{DIGEST[:-1]}", f"a:1@{DIGEST}0", "a:", "a@", "a:b:c@sha256:", ""])
def test_what_is_no_reference_is_refused(reference):
    with pytest.raises(AssertionError):
        Image.of(reference)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of k8s/ and of what it reads, for the script to change."""
    for folder in ("k8s", "serving_configs"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    monkeypatch.setattr(image_digests, "K8S", tmp_path / "k8s")
    return tmp_path / "k8s"


def overlays_images(k8s) -> set[Image]:
    built = [kustomize(folder) for folder in sorted((k8s / "overlays").iterdir())]
    return {Image.of(one["image"]) for docs in built for pod in pods(docs) for one in pod.every_container}


def test_every_public_image_is_pinned_by_the_digest_of_its_own_tag(copied, monkeypatch, capsys):
    before = overlays_images(copied)
    monkeypatch.setattr(image_digests, "digest_in_registry", made_up)
    assert image_digests.main([]) == 0
    after = overlays_images(copied)
    assert {(image.name, image.tag) for image in after} == {(image.name, image.tag) for image in before}
    for image in after:
        own = image.name.startswith("facegrid-")
        assert image.digest == ("" if own else made_up(f"{image.name}:{image.tag}")), image
    assert {image.tag for image in after if image.name == "tensorflow/serving"} == {"2.20.0", "2.20.0-gpu"}
    printed = [Image.of(line) for line in capsys.readouterr().out.split()]
    assert {image for image in after if image.digest} <= set(printed)
    assert {image.name for image in printed} >= {"python", "busybox"}
    assert len(printed) == len(set(printed)), "each is asked for once"

    texts = {file: file.read_text() for file in image_digests.files()}
    image_digests.main([])
    assert {file: file.read_text() for file in image_digests.files()} == texts


def test_nothing_but_digests_is_changed(copied, monkeypatch):
    monkeypatch.setattr(image_digests, "digest_in_registry", lambda _: DIGEST)
    image_digests.main([])
    for file in image_digests.files():
        lines = [line for line in file.read_text().splitlines() if DIGEST not in line]
        original = (K8S / file.relative_to(copied)).read_text().splitlines()
        assert lines == [line for line in original if "sha256:" not in line], file


def test_where_a_registry_does_not_answer_nothing_is_written(copied, monkeypatch):
    def refuse(image: str) -> str:
        if image.startswith("valkey"):
            raise SystemExit("no answer")
        return DIGEST

    monkeypatch.setattr(image_digests, "digest_in_registry", refuse)
    with pytest.raises(SystemExit):
        image_digests.main([])
    assert not any(DIGEST in file.read_text() for file in image_digests.files())


def test_without_a_tool_it_says_which_would_do(tmp_path):
    script = REPOSITORY / "scripts" / "image_digests.py"
    result = subprocess.run(
        [sys.executable, str(script)], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "none of crane, skopeo, docker is installed" in result.stderr


def test_the_images_to_copy_for_an_air_gapped_cluster_are_those_of_the_manifests():
    text = (K8S / "components" / "air-gapped" / "README.md").read_text()
    images = {Image.of(one["image"]) for _, docs in everything() for pod in pods(docs) for one in pod.every_container}
    public = [one for one in images if not one.name.startswith(("facegrid-", "registry.example.com"))]
    assert public
    for image in public:
        source = f"{image.name}@{image.digest}" if image.digest else f"{image.name}:{image.tag}"
        if not image.tag.endswith("-gpu"):
            assert f"docker://{source}" in text, image
            assert f"{image.name.replace('/', '-')}:{image.tag}" in text, image
