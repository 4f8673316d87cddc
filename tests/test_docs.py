"""What the documents name exists."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.parsing import parse

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
COMMAND = r"(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?facegrid "
PACKAGES = "facegrid|orchestrator|exporters|model_server|benchmarks"
MODULES = r"facegrid\.(?:answers|client|cli|errors|load|media|tfserving|v1)|(?:orchestrator|exporters|benchmarks)\.\w+"
FOLDERS = f"{PACKAGES}|protos|docs|tests|scripts|serving_configs|samples|k8s"


def name_of(page: Path) -> str:
    """Returns the name of a page's test."""
    return str(page.relative_to(ROOT))


def test_every_make_verb_exists():
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"\bmake ([a-z-]+)\b(?=`|\s+#|$)", text, re.MULTILINE))
    assert {"test", "train-jax"} <= named
    assert named <= verbs


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.match(COMMAND, line)])
def test_every_command_line_is_understood(line):
    parse(shlex.split(re.sub(COMMAND, "", line)))


def test_the_index_lists_every_page():
    listed = re.findall(r"^\| \[([\w.]+)\]", (ROOT / "docs" / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    for link, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", page.read_text()):
        target = page.parent / link if link else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), f"{link}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_named_exists(page):
    text = page.read_text()
    for path in paths_in(text):
        assert (ROOT / path).exists(), path
    for module in re.findall(rf"python -m ((?:{PACKAGES})[\w.]*\w)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_file_named_without_its_folder_is_in_a_folder_that_its_section_names(page):
    around = {path.name for path in page.parent.rglob("*.*") if page.parent != ROOT}
    for section in re.split(r"^## ", page.read_text(), flags=re.MULTILINE):
        known = set(around)
        for path in paths_in(section):
            folder = ROOT / path
            known |= {path.name for path in (folder if folder.is_dir() else folder.parent).iterdir()}
        assert set(re.findall(r"`(\w+\.(?:py|proto|sh))`", section)) <= known


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_module_named_exists(page):
    for name in re.findall(rf"`((?:{MODULES})(?:\.\w+)+)`", page.read_text()):
        words = name.split(".")
        length = max(n for n in range(1, len(words) + 1) if source_of(words[:n]) is not None)
        # What is left is in that module: a class and its method, or a service of the .proto files.
        for word in words[length:]:
            assert re.search(rf"\b{word}\b", source_of(words[:length]) or ""), name


def anchors_of(page: Path) -> list[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def paths_in(text: str) -> list[str]:
    """Returns the files and folders that a page names with their folder."""
    return re.findall(rf"`((?:{FOLDERS})/[\w/.-]*)`", text)


def source_of(words: list[str]) -> str | None:
    """Returns the text of a module or package, of the .proto files where those are its source; None: there is none."""
    path = ROOT.joinpath(*words)
    protos = [proto.read_text() for proto in ROOT.joinpath("protos", *words).glob("*.proto")]
    if protos:
        return "\n".join(protos)
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return source.read_text() if source.exists() else None
