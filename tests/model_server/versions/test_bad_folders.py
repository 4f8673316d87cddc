"""A problem of a folder is reported with path and reason, harms no other model, and ends when the folder is repaired.

One server; every case has a model of its own, which serves version 1 before it is broken.
"""

import os
import shutil
from pathlib import Path

import grpc
import pytest

from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from tests.model_server.helpers.messages import floats, predict_request, values
from tests.model_server.helpers.process import ServerProcess
from tests.support.polling import eventually

pytestmark = pytest.mark.usefixtures("embedded_only")

AVAILABLE, END = ModelVersionStatus.STATE_AVAILABLE, ModelVersionStatus.STATE_END
VARIABLES = "variables/variables.data-00000-of-00001"


def without_rights(path: Path) -> None:
    path.chmod(0)


def taken_away(path: Path) -> None:
    path.rename(f"{path}.aside")


def a_file_in_its_place(path: Path) -> None:
    taken_away(path)
    path.touch()


def a_dangling_link(path: Path) -> None:
    taken_away(path)
    path.symlink_to("nowhere")


def mend(path: Path) -> None:
    if (aside := Path(f"{path}.aside")).exists():
        if not path.is_dir():
            path.unlink(missing_ok=True)
        aside.rename(path)
    path.chmod(0o755)


def cut(name: str, size: int):
    def break_(version: Path) -> None:
        with (version / name).open("r+b") as file:
            file.truncate(size)

    return break_


def without(name: str):
    return lambda version: taken_away(version / name)


FOLDERS = {
    without_rights: "with error Permission denied",
    taken_away: "with error No such file or directory",
    a_file_in_its_place: "with error Not a directory",
    a_dangling_link: "with error No such file or directory",
}

NO_SAVED_MODEL = "Could not find SavedModel .pb or .pbtxt at supplied export directory path: {path}. "
CORRUPT = "Can't parse {path} as binary proto: "
VERSIONS = {
    "a file": (a_file_in_its_place, "NOT_FOUND", NO_SAVED_MODEL),
    "a dangling link": (a_dangling_link, "NOT_FOUND", NO_SAVED_MODEL),
    "no rights": (without_rights, "NOT_FOUND", NO_SAVED_MODEL),
    "no SavedModel": (without("saved_model.pb"), "NOT_FOUND", NO_SAVED_MODEL),
    "an empty SavedModel": (cut("saved_model.pb", 0), "DATA_LOSS", "Can't parse {path}/saved_model.pb as binary proto"),
    "half a SavedModel": (cut("saved_model.pb", 200), "DATA_LOSS", CORRUPT),
    "no variables": (
        without("variables"), "NOT_FOUND", "Could not find the variables of the SavedModel under {path}/variables"
    ),
    "no index": (
        without("variables/variables.index"), "NOT_FOUND", "Could not find the variables of the SavedModel under {path}"
    ),
    "no data": (without(VARIABLES), "NOT_FOUND", "Failed to load {path}: "),
    "half the data": (cut(VARIABLES, 2), "OUT_OF_RANGE", "Failed to load {path}: Read less bytes than requested"),
    "half the index": (cut("variables/variables.index", 20), "DATA_LOSS", "Failed to load {path}: file is too short"),
}  # fmt: skip


def names(cases, prefix):
    return [f"{prefix}{index}" for index, _ in enumerate(cases)]


@pytest.fixture(scope="module")
def wrapper():
    """What makes a file's mode count for the server where the tests are run by root."""
    if os.geteuid() != 0:
        return ()
    if (setpriv := shutil.which("setpriv")) is None:
        pytest.skip("root reads every folder, and setpriv is not installed")
    dropped = "-dac_override,-dac_read_search"
    return (setpriv, f"--bounding-set={dropped}", f"--inh-caps={dropped}")


@pytest.fixture(scope="module")
def root(tmp_path_factory, saved_models):
    root = tmp_path_factory.mktemp("models")
    for name in ("good", "x", "specific", *names(FOLDERS, "folder"), *names(VERSIONS, "version")):
        shutil.copytree(saved_models / "half_plus_two" / "00000123", root / name / "1")
    return root


@pytest.fixture(scope="module")
def server(root, write_config, wrapper, tmp_path_factory):
    specific = "model_version_policy { specific { versions: 1 versions: 7 } }"
    config = write_config(*((path.name, path, specific * (path.name == "specific")) for path in sorted(root.iterdir())))
    flags = (f"--model_config_file={config}", "--max_num_load_retries=0", "--num_load_threads=2")
    with ServerProcess(tmp_path_factory.mktemp("server"), *flags, wrapper=wrapper) as running:
        yield running.wait_until_ready()


def statuses(server, name) -> dict[int, tuple[int, str, str]]:
    """Returns state, code and message of each version."""
    response = server.status(GetModelStatusRequest(model_spec=ModelSpec(name=name)))
    codes = {code.value[0]: code.name for code in grpc.StatusCode}
    return {
        one.version: (one.state, codes[one.status.error_code], one.status.error_message)
        for one in response.model_version_status
    }


def said(server, problem) -> int:
    """Returns how often the log reports it; it does so after GetModelStatus."""
    return server.log.read_text().count(f"filesystem access error: {problem}\n")


def at_zero(server, name) -> float:
    (answer,) = values(server.predict(predict_request(name, {"x": floats([[0]])})).outputs["y"])
    return answer


def test_a_folder_that_cannot_be_listed(server, root):
    cases = dict(zip(names(FOLDERS, "folder"), FOLDERS.items(), strict=True))
    for name, (break_, _) in cases.items():
        break_(root / name)
    for name, (_, reason) in cases.items():
        text = f"Could not find base path {root / name} for servable {name} {reason}"
        eventually(lambda n=name, t=text: statuses(server, n) == {1: (AVAILABLE, "OK", t)}, text)
        eventually(lambda t=text: said(server, t) == 1, f"the log says {text}")
        assert at_zero(server, name) == 2.0
    for name in cases:
        mend(root / name)
    for name, (_, reason) in cases.items():
        eventually(lambda n=name: statuses(server, n) == {1: (AVAILABLE, "OK", "")}, f"{name} is in order")
        # The server may have looked between two steps of a test's, too, when there was nothing.
        assert said(server, f"Could not find base path {root / name} for servable {name} {reason}") == 1


def test_a_folder_that_is_not_a_version(server, root):
    (root / "x" / "x").mkdir()
    text = f"{root}/x/x is not served: its name is not a version number"
    eventually(lambda: statuses(server, "x")[1] == (AVAILABLE, "OK", text), text)
    eventually(lambda: said(server, text) == 1, f"the log says {text}")
    (root / "x" / "x").rmdir()
    eventually(lambda: statuses(server, "x")[1] == (AVAILABLE, "OK", ""), "in order")
    assert said(server, text) == 1


def test_a_specific_version_without_a_folder(server, root):
    _, code, text = statuses(server, "specific")[1]
    assert (code, "Version 7 of servable specific" in text, text.endswith(f"{root}/specific")) == ("OK", True, True)


def test_a_version_that_cannot_be_loaded(server, root, saved_models):
    """It ends with an error, version 1 goes on; with the files in order it is loaded without being moved."""
    cases = dict(zip(names(VERSIONS, "version"), VERSIONS.values(), strict=True))
    for name, (break_, _, _) in cases.items():
        version = root / f"{name}.new"
        shutil.copytree(saved_models / "half_plus_three" / "1", version / "2")
        break_(version / "2")
        for path in version.iterdir():
            path.rename(root / name / path.name)
    for name, (_, code, text) in cases.items():
        path = root / name / "2"
        eventually(lambda n=name: statuses(server, n).get(2, (0,))[0] == END, f"{name} has failed")
        found = statuses(server, name)
        assert found[2][1] == code
        assert found[2][2].startswith(text.format(path=path)), found
        assert found[1][:2] == (AVAILABLE, "OK")
        assert f"Servable {{name: {name} version: 2}} cannot be loaded: {code}: " in server.log.read_text()
        assert at_zero(server, name) == 2.0
    assert at_zero(server, "good") == 2.0
    for name in cases:
        path = root / name / "2"
        mend(path)
        shutil.copytree(saved_models / "half_plus_three" / "1", path, dirs_exist_ok=True)
    for name in cases:
        eventually(lambda n=name: statuses(server, n)[2][:2] == (AVAILABLE, "OK"), f"{name} is loaded")
        eventually(lambda n=name: statuses(server, n)[1][0] == END, f"{name}: version 1 gives way")
        assert at_zero(server, name) == 3.0
    assert "Traceback" not in server.log.read_text()
