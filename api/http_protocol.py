"""HTTP/1.1 by httptools, whose parser is written in C, with a limit for what it keeps."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# uvicorn has such a limit for its other parser only.
MOST_HEADER_BYTES = 32 * 1024


class BoundedHeaders(HttpToolsProtocol):
    """Ends a connection that sends more than the limit without a request, or a part of a body, coming of it.

    The parser keeps headers and trailers until they are complete, however long they are.
    """

    _kept_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse the bytes."""
        self._kept_bytes += len(data)
        super().data_received(data)
        if self._kept_bytes > MOST_HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response(f"The headers are larger than {MOST_HEADER_BYTES // 1024} kB.")

    def on_headers_complete(self) -> None:
        """Begin a request."""
        self._kept_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._kept_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._kept_bytes = 0
        super().on_message_complete()
