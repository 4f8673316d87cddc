"""The unit file is one that systemd takes, and its command one that facegrid takes."""

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.parsing import parse
from tests.support.paths import REPOSITORY

UNIT = REPOSITORY / "deploy" / "systemd" / "facegrid.service"


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(UNIT.read_text())
    return parser


def test_facegrid_understands_its_command():
    program, *arguments = shlex.split(unit()["Service"]["ExecStart"])
    assert Path(program).name == "facegrid"
    assert "--foreground" in arguments
    parse(arguments)


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze: apt-get install systemd"
)
def test_systemd_takes_it(tmp_path):
    here = Path(sys.executable).with_name("facegrid")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/facegrid/bin/facegrid", str(here)))
    command = ["systemd-analyze", "verify", copy]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")
