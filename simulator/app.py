"""The web application: the service, the agents, the control API and the pages, on one port."""

from pathlib import Path

from aiohttp import web

from . import agent, control, service

PAGES = Path(__file__).parent / "pages"


def make_app(nets):
    """Return the aiohttp application that serves ``nets``."""
    app = web.Application(middlewares=[service.middleware(nets)])
    app.add_routes(service.routes(nets))
    app.add_routes(agent.routes(nets))
    app.add_routes(control.routes(nets))

    async def overview(_request):
        return web.FileResponse(PAGES / "overview.html")

    async def terminal(request):
        if request.match_info["terminal_id"] not in nets.terminals:
            raise web.HTTPNotFound(text="There is no such terminal.")
        return web.FileResponse(PAGES / "terminal.html")

    app.add_routes(
        [
            web.get("/", overview),
            web.get("/terminal/{terminal_id}", terminal),
            web.static("/pages", PAGES),
        ]
    )
    return app
