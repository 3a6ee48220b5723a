"""python -m simulator --data DIR: a NETS on this computer. README.md says what it can do."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from aiohttp import web

from .app import make_app
from .nets import DEFAULT_CONFIG, Nets

# Connections that wait for a card are simply dropped at the end.
SHUTDOWN_SECONDS = 0.5


def main():
    """Run the simulator until Ctrl-C or SIGTERM; return its exit code."""
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8910, help="0: any free port")
    parser.add_argument("--data", type=Path, required=True, help="folder of the ledger")
    parser.add_argument("--terminals", type=int, default=0, help="extra ones, from 30000001 on")
    parser.add_argument("--config", type=Path, help="JSON file with accounts (see README.md)")
    options = parser.parse_args()
    config = json.loads(options.config.read_text()) if options.config else DEFAULT_CONFIG
    try:
        nets = Nets(options.data, config, options.terminals)
    except BlockingIOError:
        print(f"Another simulator uses the ledger in {options.data}.", file=sys.stderr)
        return 1
    try:
        asyncio.run(_serve(nets, options.host, options.port))
    except OSError as error:
        print(f"Can't listen on {options.host}:{options.port}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


async def _serve(nets, host, port):
    # Cancelling the handler of a client that hung up frees the connections that never answer.
    runner = web.AppRunner(
        make_app(nets),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        shown = f"[{host}]" if ":" in host else host
        print(f"simulator ready on http://{shown}:{runner.addresses[0][1]}", flush=True)
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        await ended.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
