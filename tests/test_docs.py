"""The documents, docstrings and comments name only what exists."""

import re
import shlex
import tokenize
from collections.abc import Iterator
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
    assert [name for name in modules_in(page.read_text()) if not is_defined(name)] == []


def test_every_file_and_module_that_docstrings_and_comments_name_exists():
    sources = [path for folder in (*PACKAGES.split("|"), "scripts", "tests") for path in (ROOT / folder).rglob("*.py")]
    names = {path.name for path in sources} | {path.name for path in (ROOT / "protos").rglob("*.proto")}
    names |= {"x.proto", "x_pb2.py"}  # an example
    for source in sources:
        for text in prose_of(source):
            bare = re.findall(r"(?<![\w/.*-])([a-z]\w*\.(?:py|proto))\b", text)
            paths = re.findall(rf"(?<![\w/.-])((?:{PACKAGES}|docs|tests|scripts)/[\w/]+\.(?:py|md))\b", text)
            lost = [name for name in bare if name not in names]
            lost += [path for path in paths if not (ROOT / path).exists() and "x_pb2" not in path]
            lost += [name for name in modules_in(text) if not is_defined(name)]
            assert lost == [], source.relative_to(ROOT)


def prose_of(source: Path) -> Iterator[str]:
    """Yields the comments of a Python file, and the strings that may be docstrings."""
    if source.name.endswith(("_pb2.py", "_pb2_grpc.py")):
        return
    with tokenize.open(source) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.startswith('"""')):
                yield token.string


def anchors_of(page: Path) -> list[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def paths_in(text: str) -> list[str]:
    """Returns the files and folders that a page names with their folder."""
    return re.findall(rf"`((?:{FOLDERS})/[\w/.-]*)`", text)


def modules_in(text: str) -> list[str]:
    """Returns the modules, and the names in modules, that a text names."""
    return re.findall(rf"`((?:{MODULES})(?:\.\w+)+)`", text)


def is_defined(name: str) -> bool:
    """Returns whether a module exists, and has the names that follow: a class and its method, or an RPC."""
    words = name.split(".")
    length = max(n for n in range(1, len(words) + 1) if source_of(words[:n]) is not None)
    return all(re.search(rf"\b{word}\b", source_of(words[:length]) or "") for word in words[length:])


def source_of(words: list[str]) -> str | None:
    """Returns the text of a module or package, of the .proto files where those are its source; None: there is none."""
    path = ROOT.joinpath(*words)
    protos = [proto.read_text() for proto in ROOT.joinpath("protos", *words).glob("*.proto")]
    if protos:
        return "\n".join(protos)
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return source.read_text() if source.exists() else None
