import {APPROVED, DECLINED, UNKNOWN, progressOf} from "./helpers";
import {Deferred, advanceTime, animationFrame} from "@odoo/hoot-mock";
import {FakeServer, openPaymentScreen, startTill} from "./pos_helpers";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {click, queryAllTexts, waitFor, waitUntil} from "@odoo/hoot-dom";
import {makeServerError, onRpc, patchWithCleanup} from "@web/../tests/web_test_helpers";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import {POLL_INTERVAL} from "@nets_connect_cloud/common/transaction_service";
import {browser} from "@web/core/browser/browser";
import {definePosModels} from "@point_of_sale/../tests/unit/data/generate_model_definitions";

describe.current.tags("desktop");
definePosModels();

const LABEL = ".o_nets_card_line .o_nets_label";

let server = null;

beforeEach(() => {
  server = new FakeServer();
});

/** Press *Card* in the payment screen of an order of 17.85. */
async function pay() {
  const till = await startTill();
  till.store.config.auto_validate_terminal_payment = false;
  till.screen = await openPaymentScreen(till.order);
  await click(".paymentmethod:contains(Card)");
  await waitFor(LABEL);
  till.line = till.order.payment_ids[0];
  return till;
}

function buttons() {
  return queryAllTexts(".o_nets_buttons button");
}

async function tell(progress) {
  server.progress = progressOf(progress);
  await advanceTime(POLL_INTERVAL);
  await animationFrame();
}

/** The order on the server after the charge. */
function bookOnServer(line, values = {}) {
  onRpc("pos.order", "read_pos_orders", ({parent}) => {
    const result = parent();
    for (const payment of result["pos.payment"]) {
      if (payment.uuid === line.uuid) {
        Object.assign(payment, {payment_status: "done", ...values});
      }
    }
    return result;
  });
}

test("choosing the method sends at once, and shows what the terminal does", async () => {
  const {line} = await pay();
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  const [{args, kwargs}] = server.of("pos_start");
  expect(args.slice(0, 3)).toEqual([line.uuid, 7, 17.85]);
  expect(args[3]).toMatch(/^[0-9a-f]{16}$/);
  expect(kwargs.reversal).toBe(false);
  expect(line.payment_status).toBe("waitingCard");
  expect(".o_nets_play_money").toHaveText("Play money: no real card is charged here.");
  expect(buttons()).toEqual(["Abort"]);
  expect(".paymentline .delete-button").toHaveCount(0);
  expect(".send_force_done").toHaveCount(0, {message: "core's own way round the terminal"});
});
