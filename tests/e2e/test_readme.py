import re

from tests.conftest import REPOSITORY


def test_the_readmes_python_finds_the_face(target, monkeypatch, capsys):
    monkeypatch.chdir(REPOSITORY)
    (code,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    exec(compile(code.replace("127.0.0.1:9000", target), "README.md", "exec"), {"__name__": "readme"})
    (line,) = capsys.readouterr().out.splitlines()
    assert float(line.split()[0]) > 0.95
    assert "Box" in line
