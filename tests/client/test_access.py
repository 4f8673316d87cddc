"""Keys and TLS of the client, as far as no service is called; see tests/security for the rest."""

import pytest

import facegrid
from facegrid.errors import InvalidOption
from tests.support.certificates import Authority
from tests.support.keyfile import make_key

KEY, _ = make_key("detect", "manage")


@pytest.mark.parametrize("target", ["faces.example.org:9000", "10.0.0.1:9000", "dns:///a:9000", "127.evil.org:9000"])
def test_a_key_does_not_leave_the_machine_in_the_clear_unless_that_is_meant(target):
    with pytest.raises(InvalidOption, match="ask for TLS") as caught:
        facegrid.connect(target, api_key=KEY)
    assert KEY not in str(caught.value)
    facegrid.connect(target, api_key=KEY, tls=False).close()
    facegrid.connect(target, api_key=KEY, tls=True).close()
    facegrid.connect(target).close()


@pytest.mark.parametrize("target", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000", "unix:/run/x.sock"])
def test_on_this_machine_it_may(target):
    facegrid.connect(target, api_key=KEY).close()


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "é", "x" * 513])
def test_what_cannot_be_a_key_is_refused_and_not_shown(key):
    with pytest.raises(InvalidOption) as caught:
        facegrid.connect("127.0.0.1:1", api_key=key)
    assert not key or key not in str(caught.value)


def test_the_key_shows_in_no_repr():
    client = facegrid.connect("127.0.0.1:1", api_key=KEY)
    with client:
        shown = [repr(value) for value in (client, vars(client), vars(client._stub), client._stub)]
    assert not any(KEY[12:] in text for text in shown)


def test_files_that_cannot_be_used_are_named(tmp_path):
    ours = Authority("ours")
    (tmp_path / "text").write_text("nothing")
    cert, key = ours.issue("a").write(tmp_path / "a")
    _, other_key = ours.issue("b").write(tmp_path / "b")
    for tls, words in (
        (facegrid.Tls(ca_file=tmp_path / "none"), "none cannot be read: No such file"),
        (facegrid.Tls(ca_file=tmp_path / "text"), "holds no certificate"),
        (facegrid.Tls(cert_file=cert), "needs its key"),
        (facegrid.Tls(key_file=key), "needs its key"),
        (facegrid.Tls(cert_file=cert, key_file=other_key), "not a certificate and its key"),
        (facegrid.Tls(cert_file=key, key_file=cert), "not a certificate and its key"),
    ):
        with pytest.raises(InvalidOption, match=words):
            facegrid.connect("localhost:1", tls=tls)
