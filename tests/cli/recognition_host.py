"""The plain host with networks that are functions and a real gallery: the other side of the commands that recognise."""

import numpy as np
from PIL import Image

from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, embedder, onet, rnet
from tests.support.hosts import running_host
from tests.support.plain_pnet import pnet

FIND = ("--pnet-threshold", 0, "--rnet-threshold", 0, "--onet-threshold", 0)
FIND_FOR_ENROLMENT = (*FIND, "--min-face-px", 12, "--min-score", 0)


def recognition_host(folder):
    """Serves until the end of the block; gives HOST:PORT."""
    networks = {"pnet": pnet, "rnet": rnet, "onet": onet, "embedder": embedder}
    return running_host(Settings(gallery=str(folder / "gallery")), FunctionPredictor(networks))


def write_picture(path, seed, side_px=20):
    """Writes a picture in which exactly one face of the default least size, 20 pixels, has room."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side_px, side_px, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path
