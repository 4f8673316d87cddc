"""The HTTP server: bytes in and out, threads, limits, drain. It knows nothing about models.

Upstream serves by libevent (util/net_http); an unknown path is answered with libevent's page.
"""

import asyncio
import logging
import socket
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from model_server.errors import ServingError
from model_server.rest import texts
from model_server.rest.http_response import HttpResponse, error_response
from model_server.rest.paths import API

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Largest body, and largest size of one that comes compressed."""
WAITING_PER_THREAD = 15
"""Requests that may wait for each thread; beyond them the answer is 429."""
KEEP_ALIVE_S = 50
"""An idle connection is closed after this time, as libevent does."""

NOT_FOUND_PAGE = "<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n"
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}

RequestHandler = Callable[[str, str, bytes, float | None], HttpResponse]
"""Gets method, path and query, body, and when the response is due by the monotonic clock."""
PageHandler = Callable[[str], HttpResponse]
"""Gets path and query."""

_log = logging.getLogger(__name__)


class RestServer:
    """Serves an API below /v1/, and pages by their exact paths, in threads of its own."""

    def __init__(
        self,
        handle: RequestHandler,
        *,
        max_threads: int,
        timeout_s: float | None,
        with_cors: bool = False,
        pages: Mapping[str, PageHandler] | None = None,
    ) -> None:
        self._handle = handle
        self._pages = dict(pages or {})
        self._timeout_s = timeout_s
        self._headers = CORS_HEADERS if with_cors else {}
        self._threads = ThreadPoolExecutor(max_threads, thread_name_prefix="rest")
        self._max_requests = max_threads * (1 + WAITING_PER_THREAD)
        self._requests = 0  # touched by the event loop's thread alone
        self._sockets: list[socket.socket] = []
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._serve,
                interface="asgi3",
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_S,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": self._sockets}, name="rest-loop", daemon=True
        )

    def start(self, listening: socket.socket) -> None:
        """Starts to serve the socket, which is closed at the end."""
        self._sockets.append(listening)
        self._thread.start()

    def stop(self) -> None:
        """Refuses new requests; those under way continue."""
        self._server.should_exit = True

    def wait(self, timeout_s: float) -> None:
        """Blocks after `stop` until the requests under way are answered or `timeout_s` is over."""
        if not self._sockets:
            return
        self._thread.join(max(0.0, timeout_s))
        if self._thread.is_alive():
            _log.warning("REST requests were still under way after %g s; they are cancelled", timeout_s)
            self._server.force_exit = True

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._response(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode(errors="replace")
        query = request.scope["query_string"].decode(errors="replace")
        target = f"{path}?{query}" if query else path
        page = self._pages.get(path)
        if page is not None:
            return _as_starlette(await self._in_thread(page, target), {})
        if API.fullmatch(target) is None:
            return Response(
                NOT_FOUND_PAGE, HTTPStatus.NOT_FOUND, headers={"Connection": "close", "Content-Type": "text/html"}
            )
        if request.method == "OPTIONS" and self._headers:
            return Response(headers=self._headers)
        try:
            response = await self._api_response(request, target)
        except TimeoutError:
            response = error_response(texts.body_did_not_come())
        return _as_starlette(response, self._headers)

    async def _api_response(self, request: Request, target: str) -> HttpResponse:
        due_s = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        if self._requests >= self._max_requests:
            await _body(request, allowed_bytes=0, patience_s=self._timeout_s)
            return error_response(texts.too_many_requests(self._max_requests))
        self._requests += 1
        try:
            body = await _body(request, allowed_bytes=MAX_BODY_BYTES, patience_s=self._timeout_s)
            if body is None:
                return error_response(texts.body_too_large(MAX_BODY_BYTES))
            compression = request.headers.get("Content-Encoding", "")
            return await self._in_thread(self._handle_body, request.method, target, body, compression, due_s)
        finally:
            self._requests -= 1

    def _handle_body(
        self, method: str, target: str, body: bytes, compression: str, due_s: float | None
    ) -> HttpResponse:
        try:
            content = _uncompressed(body) if "gzip" in compression else body
        except ServingError as error:
            return error_response(error)
        return self._handle(method, target, content, due_s)

    async def _in_thread(self, work: Callable[..., HttpResponse], *arguments: object) -> HttpResponse:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _as_starlette(response: HttpResponse, headers: Mapping[str, str]) -> Response:
    # As a header: Starlette would add a charset to a media type of text.
    return Response(response.body, response.status, headers={**headers, "Content-Type": response.content_type})


async def _body(request: Request, *, allowed_bytes: int, patience_s: float | None) -> bytes | None:
    """Returns the body, or None if it is larger. It is always read to its end, so that the client reads the response.

    Raises:
        TimeoutError: No byte came for `patience_s`.
    """
    body = bytearray()
    is_too_large = False
    chunks = request.stream()
    while (chunk := await asyncio.wait_for(anext(chunks, None), patience_s)) is not None:
        is_too_large = is_too_large or len(body) + len(chunk) > allowed_bytes
        if is_too_large:
            body.clear()
        else:
            body += chunk
    return None if is_too_large else bytes(body)


def _uncompressed(body: bytes) -> bytes:
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = decompressor.decompress(body, MAX_BODY_BYTES)
    except zlib.error as error:
        raise texts.not_gzip() from error
    if decompressor.unconsumed_tail:
        raise texts.body_too_large(MAX_BODY_BYTES)
    if not decompressor.eof:
        raise texts.not_gzip()
    return content
