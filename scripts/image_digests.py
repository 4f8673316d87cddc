"""Pins the public images of `k8s/` by digest: asks their registries what each tag is now, and writes it beside the tag.

    python scripts/image_digests.py   # needs a network, and crane, skopeo or docker

What a tag leads to may change, what a digest leads to cannot. Run it again after a tag was changed, or to take up what
was rebuilt under the same tag; `git diff` shows what changed.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

K8S = Path(__file__).resolve().parent.parent / "k8s"
OURS = "facegrid-"

RAW_MANIFEST = {
    "crane": ("manifest", "{}"),
    "skopeo": ("inspect", "--raw", "docker://{}"),
    "docker": ("buildx", "imagetools", "inspect", "--raw", "{}"),
}
"""How each tool prints what a tag leads to, byte for byte; the digest is its SHA-256. That is a list where there are
several platforms, and the digest one for all of them."""

_KUSTOMIZE = re.compile(r"(?m)^(- name: (?P<name>\S+)\n  newTag: (?P<tag>\S+)\n)(  digest: \S+\n)?")
_DOCKERFILE = re.compile(r"(?m)^(ARG \w+_IMAGE=(?P<name>[^\s:@]+):(?P<tag>[^\s@]+))(@sha256:[0-9a-f]{64})?$")


def pinned(text: str, digest_of: Callable[[str], str]) -> str:
    """Returns a kustomization or a Dockerfile with the digest of each public image beside its tag.

    Args:
        text: The file's content.
        digest_of: Gives the digest, `sha256:` and 64 hexadecimal digits, of NAME:TAG.
    """

    def in_kustomization(match: re.Match[str]) -> str:
        if match["name"].startswith(OURS):
            return match[0]
        return f"{match[1]}  digest: {digest_of(match['name'] + ':' + match['tag'])}\n"

    def in_dockerfile(match: re.Match[str]) -> str:
        return f"{match[1]}@{digest_of(match['name'] + ':' + match['tag'])}"

    return _DOCKERFILE.sub(in_dockerfile, _KUSTOMIZE.sub(in_kustomization, text))


def files() -> list[Path]:
    """Returns the files that may name a public image."""
    return sorted([*K8S.rglob("kustomization.yaml"), *K8S.glob("images/*.Dockerfile")])


def digest_in_registry(image: str) -> str:
    """Returns the digest that the registry has for NAME:TAG now.

    Raises:
        SystemExit: No tool is installed that asks a registry, or the registry did not answer.
    """
    tool = next((name for name in RAW_MANIFEST if shutil.which(name)), None)
    if tool is None:
        raise SystemExit(f"none of {', '.join(RAW_MANIFEST)} is installed; on Debian: apt-get install skopeo")
    command = [tool, *(part.format(image) for part in RAW_MANIFEST[tool])]
    asked = subprocess.run(command, capture_output=True, check=False)
    if asked.returncode:
        raise SystemExit(f"{' '.join(command)}: {asked.stderr.decode(errors='replace').strip()}")
    return f"sha256:{hashlib.sha256(asked.stdout).hexdigest()}"


def main(argv: list[str] | None = None) -> int:
    """Pins every image and prints each with its digest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args(argv)
    found: dict[str, str] = {}

    def digest_of(image: str) -> str:
        if image not in found:
            found[image] = digest_in_registry(image)
            print(f"{image}@{found[image]}")
        return found[image]

    # Every digest is known before the first file is written: never is only half of them pinned.
    texts = {file: pinned(file.read_text(encoding="utf-8"), digest_of) for file in files()}
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
