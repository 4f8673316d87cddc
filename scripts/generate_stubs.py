"""Generates the Python stubs of `protos/` beside the packages that use them.

Path, package and import agree (`protos/facegrid/v1/x.proto` is package `facegrid.v1` and becomes
`facegrid/v1/x_pb2.py`), so imports are not rewritten after the compiler. Two checks are left out: that protobuf's and
gRPC's runtimes are at least as new as the compilers. They would keep the client out of environments with TensorFlow
2.19, which wants protobuf 5. What the stubs really need is measured by `make client-matrix`.

    python scripts/generate_stubs.py            # write into the source tree
    python scripts/generate_stubs.py --out DIR  # write elsewhere, for the test that compares
"""

import argparse
import re
import sys
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent


def generate(out: Path) -> list[Path]:
    """Returns the .proto files compiled; the stubs lie under `out` in the same folders."""
    protos = sorted((ROOT / "protos").rglob("*.proto"))
    out.mkdir(parents=True, exist_ok=True)
    code = protoc.main(
        [
            "protoc",
            f"--proto_path={ROOT / 'protos'}",
            f"--proto_path={resources.files('grpc_tools') / '_proto'}",
            f"--python_out={out}",
            f"--pyi_out={out}",
            *map(str, protos),
        ]
    )
    # Only our own API has services of ours; TensorFlow Serving's methods are called by their full
    # names, because a service in our package would have another name on the wire.
    services = [path for path in protos if re.search(r"^service ", path.read_text(encoding="utf-8"), re.MULTILINE)]
    code = code or protoc.main(
        [
            "protoc",
            f"--proto_path={ROOT / 'protos'}",
            f"--proto_path={resources.files('grpc_tools') / '_proto'}",
            f"--grpc_python_out={out}",
            *map(str, services),
        ]
    )
    if code:
        raise SystemExit(code)
    for path in protos:
        _leave_out_checks((out / path.relative_to(ROOT / "protos")).with_suffix(""))
    return protos


_PROTOBUF_CHECK = re.compile(
    r"^from google\.protobuf import runtime_version as _runtime_version\n"
    r"|^_runtime_version\.ValidateProtobufRuntimeVersion\(\n.*?^\)\n",
    re.MULTILINE | re.DOTALL,
)
_GRPC_CHECK = re.compile(
    r"^import warnings\n|^GRPC_GENERATED_VERSION = .*?^    raise RuntimeError\(\n.*?^    \)\n", re.MULTILINE | re.DOTALL
)


def _leave_out_checks(stub: Path) -> None:
    """Removes the checks of versions from the files of a proto, `stub` being their path without `_pb2.py`."""
    for ending, check in (("_pb2.py", _PROTOBUF_CHECK), ("_pb2_grpc.py", _GRPC_CHECK)):
        path = stub.with_name(stub.name + ending)
        if not path.exists():
            continue
        text, found = check.subn("", path.read_text(encoding="utf-8"))
        if found != 2:
            raise SystemExit(f"{path}: expected an import and a check of versions, found {found}")
        path.write_text(text, encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    """Generates the stubs and prints the name of each .proto file compiled."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=ROOT, help="folder to write to (default: the source tree)")
    args = parser.parse_args(argv)
    for path in generate(args.out):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
