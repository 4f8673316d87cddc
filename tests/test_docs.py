"""What the documents name exists."""

import re
import shlex

import pytest

from facegrid.cli.main import build_parser
from tests.support.paths import REPOSITORY

DOCS = sorted((REPOSITORY / "docs").glob("*.md"))
PAGES = [
    REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *DOCS,
    *REPOSITORY.glob("*/README.md"), *sorted(REPOSITORY.glob("k8s/*/**/README.md")),
]  # fmt: skip
COMMANDS = [
    line.split("#")[0].strip()
    for page in PAGES
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    if language in {"", "sh", "bash"}
    for line in block.splitlines()
]


def test_every_make_verb_exists():
    verbs = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"\bmake ([a-z-]+)\b(?=`|\s+#|$)", text, re.MULTILINE))
    assert named
    assert named <= verbs


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.match(r"(\.venv/bin/)?facegrid ", line)])
def test_every_command_line_is_understood(line):
    build_parser().parse_args(shlex.split(line)[1:])


def test_the_index_lists_every_page():
    listed = re.findall(r"^\| \[([\w.]+)\]", (REPOSITORY / "docs" / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == [page.name for page in DOCS if page.name != "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_file_named_exists(page):
    folders = "facegrid|orchestrator|exporters|model_server|benchmarks|docs|tests|scripts|serving_configs|k8s"
    for name in re.findall(rf"`((?:{folders})/[\w/.]+)`", page.read_text()):
        assert (REPOSITORY / name).exists(), name
    for module in re.findall(r"python -m (benchmarks[\w.]+\w)", page.read_text()):
        assert (REPOSITORY / (module.replace(".", "/") + ".py")).exists(), module
