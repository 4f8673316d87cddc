"""What the documents name exists."""

import re
import shlex
from pathlib import Path

import pytest

from facegrid.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")), *ROOT.glob("*/README.md"), *sorted(ROOT.glob("k8s/*/**/README.md")),
]  # fmt: skip
COMMANDS = [
    line.split("#")[0].strip()
    for page in PAGES
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    if language in {"", "sh", "bash"}
    for line in block.splitlines()
]


def test_every_make_verb_exists():
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"\bmake ([a-z]+)\b(?=`|\s+#|$)", text, re.MULTILINE))
    assert named
    assert named <= verbs


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.match(r"(\.venv/bin/)?facegrid ", line)])
def test_every_command_line_is_understood(line):
    build_parser().parse_args(shlex.split(line)[1:])


def test_the_index_lists_every_page():
    listed = re.findall(r"^\| \[([\w.]+)\]", (ROOT / "docs" / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_named_exists(page):
    folders = "facegrid|orchestrator|exporters|model_server|benchmarks|docs|tests|scripts|serving_configs|k8s"
    for name in re.findall(rf"`((?:{folders})/[\w/.]+)`", page.read_text()):
        assert (ROOT / name).exists(), name
    for module in re.findall(r"python -m (benchmarks[\w.]+\w)", page.read_text()):
        assert (ROOT / (module.replace(".", "/") + ".py")).exists(), module
