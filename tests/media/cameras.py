"""Cameras and servers of videos that misbehave, in this process."""

import http.server
import io
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
import numpy as np
from PIL import Image


def write_video(file, frames, *, codec="libx264", form=None, rate=25, gop=12, times=None, options=None, before=None):
    """Writes frames, RGB uint8 [height, width, 3], one stream; `before(stream)` may change it. Returns the file."""
    with av.open(file if hasattr(file, "write") else str(file), "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = gop
        if before:
            before(stream)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = (times[number] if times else number), Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file


@contextmanager
def mjpeg_camera(mode: str, *, frames_a_call: int = 20) -> Iterator[str]:
    """Yields the URL of a camera.

    It sends pictures without end ("endless"), or says nothing at all ("silent"), or stops for good after some
    ("stall"), or closes the connection after them ("end"), or once only ("restart").
    """
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 30)).save(file, "JPEG")
    part = (
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % file.tell() + file.getvalue() + b"\r\n"
    )
    over = threading.Event()
    calls = itertools.count()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            if mode == "silent":
                over.wait()
                return
            call = next(calls)
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            for number in itertools.count(1):
                try:
                    self.wfile.write(part)
                except OSError:
                    return
                if number == frames_a_call and mode == "stall":
                    over.wait()
                is_last = number == frames_a_call and (mode == "end" or (mode == "restart" and call == 0))
                if is_last or over.wait(0.01):
                    return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/video.mjpg"
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def udp_camera(port: int, frames) -> Iterator[str]:
    """Yields the address that a camera sends an MPEG transport stream to, in real time, once; then it falls silent."""

    def send():
        with av.open(f"udp://127.0.0.1:{port}?pkt_size=1316", "w", format="mpegts") as container:
            stream = container.add_stream("libx264", rate=25, options={"tune": "zerolatency"})
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt, stream.gop_size = "yuv420p", 10
            begun_s = time.monotonic()
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(stream.encode(frame))
                over.wait(max(0.0, begun_s + number / 25 - time.monotonic()))

    over = threading.Event()
    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield f"udp://127.0.0.1:{port}"
    finally:
        over.set()
        thread.join()
