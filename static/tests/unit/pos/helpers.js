/** What the till's unit tests share. */

import {getFilledOrder, setupPosEnv} from "@point_of_sale/../tests/unit/utils";
import {PaymentNets} from "@nets_connect_cloud/pos/payment_nets";
import {PaymentScreen} from "@point_of_sale/app/screens/payment_screen/payment_screen";
import {animationFrame} from "@odoo/hoot-mock";
import {mountWithCleanup, onRpc} from "@web/../tests/web_test_helpers";
import {MainComponentsContainer} from "@web/core/main_components_container";
import {ABORTING, progressOf, withoutBus} from "../helpers";

/** The methods of `nets.transaction` that the till calls, and what it sent. */
export class FakeServer {
  constructor() {
    this.progress = progressOf();
    /** What `pos_start` answers; may be a promise, or throw. */
    this.start = () => this.progress;
    this.abort = () => progressOf(ABORTING);
    /** {uuid: progress} as `pos_progress` answers. */
    this.lines = {};
    this.calls = [];
    const methods = {
      pos_start: () => this.start(),
      pos_record_by_hand: () => this.progress,
      pos_reverse: () => this.start(),
      pos_settle: () => this.progress,
      sign: () => this.progress,
      abort: () => this.abort(),
      get_last_result: () => this.progress,
      read_progress: () => this.progress,
    };
    for (const [method, answer] of Object.entries(methods)) {
      onRpc("nets.transaction", method, async ({args, kwargs}) => {
        this.calls.push({method, args, kwargs});
        return [await answer()];
      });
    }
    /** Resolves when `pos_progress` may answer: with what the server had when it was asked. */
    this.answering = Promise.resolve();
    onRpc("nets.transaction", "pos_progress", async ({args}) => {
      this.calls.push({method: "pos_progress", args});
      const found = Object.entries(this.lines).filter(([uuid]) => args[0].includes(uuid));
      await this.answering;
      return Object.fromEntries(found);
    });
  }

  /** @returns {Object[]} the calls of one method */
  of(method) {
    return this.calls.filter((call) => call.method === method);
  }
}

/**
 * Start a till whose method *Card* is on NETS terminals.
 *
 * @returns {Promise<{store: Object, order: Object, method: Object}>} with an order of 17.85
 */
export async function startTill() {
  const store = await setupPosEnv();
  withoutBus(store.env);
  const method = store.models["pos.payment.method"].get(2);
  method.use_payment_terminal = "nets";
  method.payment_terminal = new PaymentNets(store, method);
  store.nets.chooseTerminal(method, 7);
  const order = await getFilledOrder(store);
  return {store, order, method};
}

/** Open the payment screen of an order, as the cashier sees it. */
export async function openPaymentScreen(order) {
  await mountWithCleanup(MainComponentsContainer);
  const screen = await mountWithCleanup(PaymentScreen, {props: {orderUuid: order.uuid}});
  await animationFrame();
  return screen;
}
