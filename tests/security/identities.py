"""Two authorities, and calls with the identities that they issue."""

import facegrid
from tests.support.certificates import Authority
from tests.support.pictures import png

AUTHORITY = Authority("ours")
STRANGERS = Authority("theirs")


def detect(target, tls, **options):
    with facegrid.connect(target, tls=tls, **options) as client:
        return client.detect_detailed(png()).image_width_px


def identity(folder):
    return {"cert_file": folder / "tls.crt", "key_file": folder / "tls.key"}
