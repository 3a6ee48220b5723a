"""The line between a till and Odoo, of which the bus alone can be cut, or fall silent."""

import asyncio
import contextlib

from fault_harness.proxy import CHUNK, Proxy

from stack import HOST

BUS = b"GET /websocket"


class BusLine(Proxy):
    """Forwards a browser's connections to Odoo.

    Those of the bus are ended and refused, or stay open and bring nothing any more, where that is wanted.
    """

    def __init__(self, odoo):
        """:param OdooServer odoo: the server, without worker processes"""
        self.is_cut = self.is_silent = False
        self._bus = set()
        super().__init__((HOST, odoo.port))

    @property
    def url(self):
        return f"http://{HOST}:{self.port}"

    @property
    def is_connected(self):
        """Whether a bus is open."""
        return bool(self._bus)

    def cut_bus(self):
        self.is_cut = True
        self._call(self._abort())

    def silence_bus(self):
        self.is_silent = True

    def restore_bus(self):
        """Let the bus connect again; one that was silent can't go on in the middle of a message."""
        if self.is_silent:
            self._call(self._abort())
        self.is_cut = self.is_silent = False

    async def _abort(self):
        for writer in list(self._bus):
            writer.transport.abort()

    async def _forward(self, reader, writer):
        head = b""
        with contextlib.suppress(OSError):
            head = await reader.read(CHUNK)
        is_bus = head.startswith(BUS)
        if not head or (is_bus and self.is_cut):
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(*self.target)
        ends = {writer, far_writer}
        self._writers |= ends
        if is_bus:
            self._bus |= ends
        far_writer.write(head)
        answers = self._pump_news(far_reader, writer) if is_bus else self._pump(far_reader, writer)
        await asyncio.gather(self._pump(reader, far_writer), answers)
        self._bus -= ends
        self._writers -= ends
        for end in ends:
            end.close()

    async def _pump_news(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if not self.is_silent:
                    writer.write(data)
                    await writer.drain()
        writer.close()
