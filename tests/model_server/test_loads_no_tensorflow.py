"""Flags and files are checked before TensorFlow is imported, so what checks them must not import it."""

import subprocess
import sys

from tests.support.paths import REPOSITORY


def test_the_start_and_the_methods_import_no_tensorflow():
    code = (
        "import sys, model_server.__main__, model_server.methods.services, model_server.grpc.server, "
        "model_server.batching.batcher, model_server.rest.http_server;"
        "print([name for name in sys.modules if name.split('.')[0] in ('tensorflow', 'keras')])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
