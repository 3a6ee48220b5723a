"""A TCP forwarder that can be cut."""

import asyncio
import contextlib
import threading

from stack import HOST

CHUNK = 65536


class Proxy:
    """Forwards connections to `target`: (host, port), or the path of a Unix socket.

    Runs in a thread of its own. `port` is where it listens.
    """

    def __init__(self, target):
        self.target = target
        self.port = 0
        self._writers = set()
        self._server = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.accept()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def accept(self):
        """Listen (again)."""
        self._call(self._listen())

    def refuse(self):
        """Stop listening: new connections are refused. Connections that are open stay."""
        self._call(self._close())

    def cut(self):
        """Reset all open connections, in both directions.

        :return: how many sockets that were
        """
        return self._call(self._cut())

    async def _listen(self):
        if not self._server:
            self._server = await asyncio.start_server(self._forward, HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self):
        if self._server:
            self._server.close()
            self._server = None

    async def _cut(self):
        writers = list(self._writers)
        for writer in writers:
            writer.transport.abort()
        return len(writers)

    async def _forward(self, reader, writer):
        self._writers.add(writer)
        try:
            if isinstance(self.target, str):
                far_reader, far_writer = await asyncio.open_unix_connection(self.target)
            else:
                far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            self._writers.discard(writer)
            writer.transport.abort()
            return
        self._writers.add(far_writer)
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        for end in (writer, far_writer):
            self._writers.discard(end)
            end.close()

    async def _pump(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
        # one direction has ended, so both do: nobody here needs half a connection
        writer.close()
