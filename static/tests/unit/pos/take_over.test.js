import {describe, expect, test} from "@odoo/hoot";
import {onRpc, patchWithCleanup} from "@web/../tests/web_test_helpers";
import {PosOrder} from "@point_of_sale/app/models/pos_order";
import {PosOrderline} from "@point_of_sale/app/models/pos_order_line";
import {definePosModels} from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import {startTill} from "./helpers";
import {takeOver} from "@nets_connect_cloud/pos/take_over";

describe.current.tags("desktop");
definePosModels();

const LATER = "2099-01-01 00:00:00";
const TIP = "a-tip-of-the-server";

/** An order of 17.85 with a card line that runs, as till and server know it. */
async function runningOrder() {
  const till = await startTill();
  till.order.addPaymentline(till.method);
  till.line = till.order.payment_ids[0];
  await till.store.syncAllOrders({orders: [till.order], force: true});
  till.line.setPaymentStatus("waitingCard");
  till.order.serializeForORM();
  return till;
}

/** Have the server say something else of the order than the till knows. */
function onServer(change) {
  onRpc("pos.order", "read_pos_orders", ({parent}) => {
    const result = parent();
    const [payment] = result["pos.payment"];
    Object.assign(payment, {payment_status: "done", amount: 20, write_date: LATER});
    result["pos.order"][0].write_date = LATER;
    change?.(result);
    return result;
  });
}

function addTip(result) {
  const [line] = result["pos.order.line"];
  const tip = {...line, id: 9001, uuid: TIP, qty: 1, price_unit: 2.15, tax_ids: []};
  result["pos.order.line"].push(tip);
  result["pos.order"][0].lines.push(tip.id);
  Object.assign(result["pos.order"][0], {is_tipped: true, tip_amount: 2.15});
}

/** Note what is set up from scratch: other modules lose what they keep there. */
function stepReplacements() {
  patchWithCleanup(PosOrder.prototype, {
    setup() {
      expect.step("order");
      return super.setup(...arguments);
    },
  });
  patchWithCleanup(PosOrderline.prototype, {
    setup({uuid}) {
      expect.step(uuid === TIP ? "tip" : "line");
      return super.setup(...arguments);
    },
  });
}

test("rule 20: the card and the tip are taken over, and nothing else is replaced", async () => {
  const {store, order, line} = await runningOrder();
  onServer(addTip);
  stepReplacements();
  await takeOver(store, order);
  expect.verifySteps(["tip"]);
  expect(line.payment_status).toBe("done");
  expect(line.amount).toBe(20);
  expect(order.lines.length).toBe(3);
  expect(order.priceIncl).toBe(20);
  expect(order.isPaid()).toBe(true);
  expect(order.tip_amount).toBe(2.15);
  expect(order.raw.write_date).toBe(LATER, {message: "else Odoo's own sync replaced the order"});
  expect(order.isDirty()).toBe(false);
  expect(order.serializeForORM().lines).toEqual([]);
});

test("what the cashier changed meanwhile stays", async () => {
  const {store, order} = await runningOrder();
  const [first, second] = order.lines;
  order.partner_id = store.models["res.partner"].getFirst();
  first.note = "No nuts";
  order.removeOrderline(second);
  onServer(addTip);
  await takeOver(store, order);
  expect(order.partner_id).toBe(store.models["res.partner"].getFirst());
  expect(order.lines.map(({uuid}) => uuid)).toEqual([first.uuid, TIP]);
  expect(first.note).toBe("No nuts");
  expect(order.isDirty()).toBe(true);
  const {lines} = order.serializeForORM();
  expect(lines.map(([command, id]) => [command, id])).toEqual([
    [3, second.id],
    [1, first.id],
  ]);
});

test("what the terminal reversed is dropped, and the next sync says nothing of it", async () => {
  const {store, order} = await runningOrder();
  onServer(addTip);
  await takeOver(store, order);
  onServer((result) => {
    result["pos.order"][0].lines.pop();
    result["pos.order.line"].splice(2);
    Object.assign(result["pos.payment"][0], {payment_status: "reversed", amount: 0});
  });
  onRpc("pos.order", "read_pos_orders", ({parent}) => {
    const result = parent();
    result["pos.order.line"] = result["pos.order.line"].filter(({uuid}) => uuid !== TIP);
    return result;
  });
  await takeOver(store, order);
  expect(order.lines.length).toBe(2);
  expect(order.priceIncl).toBe(17.85);
  expect(order.payment_ids[0].payment_status).toBe("reversed");
  expect(order.serializeForORM().lines).toEqual([]);
});

test("an order that another till changed is taken as a whole, as in a sync", async () => {
  const {store, order} = await runningOrder();
  onServer((result) =>
    Object.assign(result["pos.order.line"][0], {note: "No nuts", write_date: LATER})
  );
  patchWithCleanup(store, {
    preSyncAllOrders: ([each]) => expect.step(`before ${each.uuid}`),
    postSyncAllOrders: ([each]) => expect.step(`after ${each.uuid}`),
  });
  await takeOver(store, order);
  expect.verifySteps([`before ${order.uuid}`, `after ${order.uuid}`]);
  expect(order.lines[0].note).toBe("No nuts");
  expect(order.payment_ids[0].payment_status).toBe("done");
});

test("an order that another till finished is finished here, too", async () => {
  const {store, order} = await runningOrder();
  onServer((result) => (result["pos.order"][0].state = "paid"));
  await takeOver(store, order);
  expect(order.finalized).toBe(true);
});
