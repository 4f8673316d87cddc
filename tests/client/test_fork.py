"""A process that imports facegrid and then forks, as gunicorn does with `--preload`."""

import subprocess
import sys

from PIL import Image

PROGRAM = """
import os, sys
import facegrid

facegrid.connect  # loads the client, and gRPC with it
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with facegrid.connect(sys.argv[1]) as client:
    found = client.detect(sys.argv[2])
    items = list(client.detect_many([sys.argv[2]] * 3))
sys.stdout.write(f"{len(found)} {len(items)}\\n")
"""


def test_a_child_process_connects_for_itself(server, photo, tmp_path):
    Image.fromarray(photo).save(tmp_path / "photo.png")
    command = [sys.executable, "-c", PROGRAM, server.target, str(tmp_path / "photo.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "1 3\n"), done.stderr
