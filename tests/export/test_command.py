import os
import subprocess
import sys

import pytest

from exporters.signatures import CONTRACTS
from facegrid.cli.main import main

# TensorFlow set to None cannot be imported: what a client's installation looks like to the command.
WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = sys.modules["joblib"] = None
from facegrid.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def _run(*arguments, code=None):
    command = [sys.executable, *(["-c", code] if code else ["-m", "facegrid.cli.main"]), "export", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "CUDA_"))}
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=280, env=environment)


def test_a_model_is_exported_and_its_path_printed(tmp_path):
    done = _run("rnet", "onet", "--version", 7, "--models-dir", tmp_path / "models", "--tensorboard", tmp_path / "logs")
    assert (done.returncode, done.stderr) == (0, "")  # not a word from TensorFlow
    assert done.stdout.splitlines() == [str(tmp_path / "models" / model / "7") for model in ("rnet", "onet")]
    for model in ("rnet", "onet"):
        assert (tmp_path / "models" / model / "7" / "saved_model.pb").is_file()
        assert len(list((tmp_path / "logs" / model).iterdir())) == 1


def test_a_version_that_exists_is_a_sentence_and_exit_code_1(exported_models):
    done = _run("rnet", "--version", 1, "--models-dir", exported_models)
    path = exported_models / "rnet" / "1"
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"facegrid: {path} exists already, and a version is never overwritten: "
        "leave out the number to get the next one, 2\n"
    )


def test_nothing_is_done_where_nothing_is_missing(exported_models, capsys):
    before = sorted(exported_models.rglob("*"))
    assert main(["export", "--if-missing", "--models-dir", str(exported_models)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(exported_models / model / "1") for model in CONTRACTS]
    assert sorted(exported_models.rglob("*")) == before


def test_a_network_that_has_its_number_is_left_alone_where_it_is(exported_models, capsys):
    assert main(["export", "embedder", "--models-dir", str(exported_models)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(exported_models / "embedder" / "1")]


def test_a_number_of_no_embedder_is_refused_before_anything_is_written(tmp_path, capsys):
    assert main(["export", "--version", "7", "--models-dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "facegrid: there is no version 7 of embedder: its versions are 1, 2, by network\n"
    assert list(tmp_path.iterdir()) == []


def test_an_embedder_is_named_by_its_network(exported_models, capsys):
    named = ["export", "embedder", "--network", "inception_v3", "--models-dir", str(exported_models)]
    other = [*named[:1], "rnet", *named[2:]]
    assert main(other) == 1
    assert capsys.readouterr().err.startswith("facegrid: --network names a version of embedder")
    assert main(["export", "embedder", "--network", "dlib_resnet", "--models-dir", str(exported_models)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(exported_models / "embedder" / "1")]


def test_without_tensorflow_the_extra_is_named(tmp_path):
    done = _run("--models-dir", tmp_path / "models", code=WITHOUT_TENSORFLOW)
    assert done.returncode == 2
    assert done.stderr == (
        "facegrid: exporting needs tensorflow, joblib, not installed here: pip install 'facegrid[export]'\n"
    )
    assert not (tmp_path / "models").exists()


def test_help_needs_no_tensorflow():
    done = _run("--help", code=WITHOUT_TENSORFLOW)
    assert done.returncode == 0
    assert "facegrid export --if-missing" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vnet"], "there is no model 'vnet'; the models are pnet, rnet, onet, embedder, generator, discriminator"),
        (["--version", "0"], "Invalid value for '--version': Input should be greater than or equal to 1"),
        (["--version", "9223372036854775808"], "Invalid value for '--version'"),
        (["--version", "1.5"], "Invalid value for '--version'"),
    ],
)
def test_wrong_arguments_are_told(arguments, message, capsys):
    assert main(["export", *arguments]) == 2
    assert message in capsys.readouterr().err
