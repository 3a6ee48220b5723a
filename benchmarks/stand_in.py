"""Stands in for the payment providers of Odoo's own addons: answers at once; a terminal approves after a while.

    python benchmarks/stand_in.py --port 8911 --odoo http://127.0.0.1:8069 --database NAME

Only what a sale needs, as `pos_viva_com` and `pos_mercado_pago` use it. Where a webhook is wanted, Odoo gets it in the
moment of the approval, from the same machine: the ideal one. All in the one process writes down when it happened, by
the machine's clock.

    POST /control/terminal   {"terminal", "seconds": until it approves, "webhook": whether it tells Odoo}
    GET  /control/events     [{"at", "what": "call", "webhook" or "approved", "kind", "terminal"}, …]
"""

import argparse
import asyncio
import hashlib
import hmac
import time
import uuid

from aiohttp import ClientSession, web

VIVA_KEY = "stand-in"
VIVA_TOKEN = "stand-in-token"
MERCADO_SECRET = "stand-in-secret"
MERCADO_DEVICE = "POINT__"  # before a terminal's serial number


class StandIn:
    def __init__(self, odoo, database):
        self.odoo = odoo
        self.headers = {"X-Odoo-Database": database}
        self.settings = {}  # {terminal: what `POST /control/terminal` said}
        self.payments = {}  # {id: {"terminal", "approved", "body"}}
        self.events = []
        self._running = set()
        self._session = None

    def app(self):
        app = web.Application()
        app.cleanup_ctx.append(self._connected)
        app.router.add_routes(
            [
                web.post("/control/terminal", self.set_terminal),
                web.get("/control/events", self.read_events),
                web.get("/viva/api/messages/config/token", self.viva_key),
                web.post("/viva/connect/token", self.viva_token),
                web.post("/viva/ecr/v1/transactions:sale", self.viva_sale),
                web.get("/viva/ecr/v1/sessions/{id}", self.viva_session),
                web.get("/mercado/point/integration-api/devices", self.mercado_devices),
                web.post("/mercado/point/integration-api/devices/{device}/payment-intents", self.mercado_sale),
                web.get("/mercado/point/integration-api/payment-intents/{id}", self.mercado_intent),
                web.get("/mercado/v1/payments/{id}", self.mercado_payment),
            ]
        )
        return app

    async def _connected(self, _app):
        async with ClientSession() as self._session:
            yield

    def note(self, what, terminal, kind=""):
        self.events.append({"at": time.time(), "what": what, "terminal": terminal, "kind": kind})

    # === CONTROL === #

    async def set_terminal(self, request):
        body = await request.json()
        self.settings[body.pop("terminal")] = body
        return web.json_response({})

    async def read_events(self, _request):
        return web.json_response(self.events)

    # === A TERMINAL === #

    def start(self, payment, terminal, body, tell):
        """Have the customer pay on a terminal.

        :param tell: a coroutine function that tells Odoo of the approval
        """
        self.payments[payment] = {"terminal": terminal, "approved": False, "body": body}
        task = asyncio.create_task(self._pay(payment, terminal, tell))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _pay(self, payment, terminal, tell):
        settings = self.settings[terminal]
        await asyncio.sleep(settings["seconds"])
        self.payments[payment]["approved"] = True
        self.note("approved", terminal)
        if settings["webhook"]:
            await tell(payment)

    async def tell_odoo(self, terminal, path, content, **headers):
        async with self._session.post(self.odoo + path, json=content, headers=self.headers | headers) as answer:
            self.note("webhook", terminal, str(answer.status))

    # === VIVA === #

    async def viva_key(self, _request):
        return web.json_response({"Key": VIVA_KEY})

    async def viva_token(self, _request):
        self.note("call", "", "login")
        return web.json_response({"access_token": VIVA_TOKEN, "expires_in": 3600})

    def _viva_refusal(self, request):
        if request.headers.get("Authorization") != f"Bearer {VIVA_TOKEN}":
            self.note("call", "", "refused")
            return web.json_response({"detail": "Could not validate credentials"}, status=401)
        return None

    async def viva_sale(self, request):
        body = await request.json()
        if refusal := self._viva_refusal(request):
            return refusal
        terminal = body["terminalId"]
        self.note("call", terminal, "sale")
        self.start(body["sessionId"], terminal, body, self._viva_webhook)
        return web.Response()

    async def _viva_webhook(self, payment):
        body = self.payments[payment]["body"]
        data = {"TerminalId": body["terminalId"], "MerchantTrns": body["merchantReference"]}
        path = f"/pos_viva_com/notification?company_id={self.settings[body['terminalId']]['company']}&token={VIVA_KEY}"
        await self.tell_odoo(body["terminalId"], path, {"EventTypeId": 1796, "EventData": data})

    async def viva_session(self, request):
        if refusal := self._viva_refusal(request):
            return refusal
        session = request.match_info["id"]
        payment = self.payments[session]
        self.note("call", payment["terminal"], "status")
        if not payment["approved"]:
            return web.json_response({"sessionId": session, "detail": "Processing"}, status=202)
        return web.json_response(
            {
                "sessionId": session,
                "success": True,
                "transactionId": str(uuid.uuid4()),
                "applicationLabel": "VISA",
                "FullName": "Stand-in",
                "message": "",
                "amount": payment["body"]["amount"],
            }
        )

    # === MERCADO PAGO === #

    async def mercado_devices(self, _request):
        return web.json_response({"devices": [{"id": MERCADO_DEVICE + terminal} for terminal in self.settings]})

    async def mercado_sale(self, request):
        body, device = await request.json(), request.match_info["device"]
        terminal, intent = device.removeprefix(MERCADO_DEVICE), str(uuid.uuid4())
        self.note("call", terminal, "sale")
        self.start(intent, terminal, body, self._mercado_webhook)
        return web.json_response({"id": intent, "device_id": device, **body})

    async def _mercado_webhook(self, intent):
        payment = self.payments[intent]
        request, now = uuid.uuid4().hex, str(int(time.time()))
        signed = f"id:{intent};request-id:{request};ts:{now};"
        signature = hmac.new(MERCADO_SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
        content = {"id": intent, "state": "FINISHED", "additional_info": payment["body"]["additional_info"]}
        headers = {"X-Request-Id": request, "X-Signature": f"ts={now},v1={signature}"}
        await self.tell_odoo(payment["terminal"], "/pos_mercado_pago/notification", content, **headers)

    async def mercado_intent(self, request):
        intent = request.match_info["id"]
        payment = self.payments[intent]
        self.note("call", payment["terminal"], "status")
        state = "FINISHED" if payment["approved"] else "ON_TERMINAL"
        return web.json_response({"id": intent, "state": state, "payment": {"id": 1}})

    async def mercado_payment(self, _request):
        self.note("call", "", "payment")
        return web.json_response({"id": 1, "status": "approved"})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--odoo", required=True, help="where webhooks go")
    parser.add_argument("--database", required=True, help="of the addons")
    options = parser.parse_args()
    app = StandIn(options.odoo, options.database).app()
    web.run_app(app, host="127.0.0.1", port=options.port, access_log=None, print=None)


if __name__ == "__main__":
    main()
