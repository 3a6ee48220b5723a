import {waitFor} from "../helpers";
import {describe, expect, test} from "@odoo/hoot";
import {animationFrame} from "@odoo/hoot-mock";
import {
  makeServerError,
  mountWithCleanup,
  onRpc,
  patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {ControlButtons} from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import {MainComponentsContainer} from "@web/core/main_components_container";
import {PosData} from "@point_of_sale/app/services/data_service";
import {PosStore} from "@point_of_sale/app/services/pos_store";
import {definePosModels} from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import {startTill} from "./helpers";

describe.current.tags("desktop");
definePosModels();

const RUNNING = ".modal:contains(A card payment is running)";
const CHARGED = ".modal:contains(A card was charged)";

/** An order of 17.85 whose card line has this status. */
async function orderWithCard(status) {
  const till = await startTill();
  await mountWithCleanup(MainComponentsContainer);
  till.order.addPaymentline(till.method);
  till.line = till.order.payment_ids[0];
  till.line.setPaymentStatus(status);
  return till;
}

/** Only pos_restaurant has these, and it is loaded later. */
function addRestaurant() {
  patchWithCleanup(PosStore.prototype, {
    getActiveOrdersOnTable: (table) => table.orders,
    transferOrder: (uuid) => expect.step(`transfer ${uuid}`),
    mergeTableOrders: (uuid) => expect.step(`merge ${uuid}`),
    restoreOrdersToOriginalTable: ({uuid}) => expect.step(`restore ${uuid}`),
  });
}

function tableOf(...orders) {
  const table = {orders};
  table.rootTable = table;
  return table;
}

test("neither customer nor prices change while a card runs", async () => {
  const {store, order} = await orderWithCard("waitingCard");
  const prices = order.lines.map(({price_unit}) => price_unit);
  const pricelist = order.pricelist_id;
  const fiscalPosition = order.fiscal_position_id;
  const ways = {
    selectPartner: [],
    setPartnerToCurrentOrder: [store.models["res.partner"].getFirst()],
    selectPricelist: [store.models["product.pricelist"].getAll().at(-1)],
    selectPreset: [],
  };
  for (const [name, args] of Object.entries(ways)) {
    await store[name](...args);
    await waitFor(RUNNING);
    store.dialog.closeAll();
    await animationFrame();
  }
  await ControlButtons.prototype.clickFiscalPosition.call({pos: store, currentOrder: order});
  await waitFor(RUNNING);
  expect(order.partner_id).toBe(undefined);
  expect(order.pricelist_id).toBe(pricelist);
  expect(order.fiscal_position_id).toBe(fiscalPosition);
  expect(order.lines.map(({price_unit}) => price_unit)).toEqual(prices);
});

test("a customer with another pricelist leaves the prices that a card has paid", async () => {
  const {store, order} = await orderWithCard("done");
  const [partner] = store.models["res.partner"].getAll();
  const pricelist = order.pricelist_id;
  patchWithCleanup(store.models["product.template"].getFirst().constructor.prototype, {
    getPrice: () => 1,
  });
  order.setPartner(partner);
  expect(order.partner_id).toBe(partner);
  expect(order.pricelist_id).toBe(pricelist);
  expect(order.priceIncl).toBe(17.85);
  order.payment_ids[0].setPaymentStatus("reversed");
  order.setPricelist(pricelist);
  expect(order.priceIncl).not.toBe(17.85, {message: "nothing is paid any more"});
});

test("no table is moved, merged or restored while a card runs", async () => {
  addRestaurant();
  const {store, order} = await orderWithCard("waitingCard");
  const other = store.addNewOrder();
  for (const [name, args] of [
    ["transferOrder", [order.uuid, tableOf()]],
    ["transferOrder", [order.uuid, null, other]],
    ["transferOrder", [other.uuid, tableOf(order)]],
    ["mergeTableOrders", [order.uuid, tableOf(other)]],
    ["restoreOrdersToOriginalTable", [order, tableOf()]],
  ]) {
    await store[name](...args);
    await waitFor(RUNNING);
    store.dialog.closeAll();
    await animationFrame();
  }
  expect.verifySteps([]);
  await store.transferOrder(other.uuid, tableOf());
  expect.verifySteps([`transfer ${other.uuid}`]);
});

test("a table that is dragged to another isn't joined to it while a card runs", async () => {
  addRestaurant();
  const written = [];
  patchWithCleanup(PosData.prototype, {
    write: (model, [id], {parent_id}) => written.push([model, id, parent_id]),
  });
  const {store, order} = await orderWithCard("waitingCard");
  const other = store.addNewOrder();
  const tables = {1: tableOf(order), 2: tableOf(other), 3: tableOf()};
  patchWithCleanup(store.models, {"restaurant.table": {get: (id) => tables[id]}});
  // as the floor plan does it, which doesn't wait for the answer
  const drag = (from, onto) => {
    const [moved] = store.getActiveOrdersOnTable(tables[from]);
    if (moved) {
      store.mergeTableOrders(moved.uuid, tables[onto]);
    }
    store.data.write("restaurant.table", [from], {parent_id: onto});
  };
  for (const [from, onto] of [
    [1, 2],
    [1, 3],
    [2, 1],
  ]) {
    drag(from, onto);
    await waitFor(RUNNING);
    store.dialog.closeAll();
    await animationFrame();
  }
  expect.verifySteps([]);
  expect(written).toEqual([]);
  drag(3, 1);
  drag(2, 3);
  store.data.write("restaurant.table", [1], {parent_id: null});
  expect.verifySteps([`merge ${other.uuid}`]);
  expect(written).toEqual([
    ["restaurant.table", 3, 1],
    ["restaurant.table", 2, 3],
    ["restaurant.table", 1, null],
  ]);
});

test("what a card has paid is not moved to another order, and its bill not split", async () => {
  addRestaurant();
  const {store, order} = await orderWithCard("done");
  const other = store.addNewOrder();
  patchWithCleanup(store.router, {navigate: (name) => expect.step(name)});
  store.setOrder(order);
  for (const move of [
    () => store.mergeTableOrders(order.uuid, tableOf(other)),
    () => store.restoreOrdersToOriginalTable(order, tableOf()),
    () => store.navigate("SplitBillScreen", {orderUuid: order.uuid}),
  ]) {
    await move();
    await waitFor(CHARGED);
    store.dialog.closeAll();
    await animationFrame();
  }
  expect.verifySteps([]);
  await store.transferOrder(order.uuid, tableOf());
  await store.mergeTableOrders(other.uuid, tableOf(order));
  expect.verifySteps([`transfer ${order.uuid}`, `merge ${other.uuid}`]);
});

test("whoever calls what the till keeps an eye on gets what Odoo's own returns", async () => {
  const {store, order} = await orderWithCard("waitingCard");
  const params = {orderUuid: order.uuid};
  expect(store.navigate("PaymentScreen", params)).toBe(true);
  expect(store.navigate("SplitBillScreen", params)).toBe(false);
});

test("rule 20: an order that the server refuses doesn't stop the others", async () => {
  const {store, order: refused} = await startTill();
  await mountWithCleanup(MainComponentsContainer);
  const product = store.models["product.template"].get(5);
  const paid = store.addNewOrder();
  await store.addLineToOrder({product_tmpl_id: product, qty: 1}, paid);
  store.addPendingOrder([paid.id]);
  store.setOrder(paid);
  onRpc("pos.order", "sync_from_ui", ({args, parent}) => {
    const [{uuid}] = args[0];
    if (uuid === refused.uuid) {
      throw makeServerError({type: "UserError", message: "A card runs for it."});
    }
    expect.step(`saved ${uuid}`);
    return parent();
  });
  const synced = await store.syncAllOrders({throw: true});
  expect.verifySteps([`saved ${paid.uuid}`]);
  expect(synced.map(({uuid}) => uuid)).toEqual([paid.uuid]);
  await waitFor(".o_notification:contains(A card runs for it.)");
  store.setOrder(refused);
  await expect(store.syncAllOrders({throw: true})).rejects.toThrow();
});

test("a change that the server refuses of another order is undone", async () => {
  const {store, order: refused} = await startTill();
  await mountWithCleanup(MainComponentsContainer);
  await store.syncAllOrders();
  refused.lines[0].note = "Changed";
  store.addPendingOrder([refused.id]);
  store.setOrder(store.addNewOrder());
  onRpc("pos.order", "sync_from_ui", () => {
    throw makeServerError({type: "UserError", message: "A card runs for it."});
  });
  expect(await store.syncAllOrders({throw: true})).toBe(undefined);
  await waitFor(".o_notification:contains(A card runs for it.)");
  expect(refused.lines[0].note).not.toBe("Changed");
});

test("an order that the server doesn't delete doesn't stop the others", async () => {
  const {store, order} = await startTill();
  await mountWithCleanup(MainComponentsContainer);
  store.addPendingOrder([77], true);
  onRpc("pos.order", "action_pos_order_cancel", () => {
    throw makeServerError({type: "UserError", message: "It was charged."});
  });
  const synced = await store.syncAllOrders({throw: true});
  expect(synced.map(({uuid}) => uuid)).toEqual([order.uuid]);
  expect(store.getOrderIdsToDelete()).toEqual([]);
  await waitFor(".o_notification:contains(It was charged.)");
});

test("what a terminal adds leaves nothing to pay that no coin could", async () => {
  const {store, order, line} = await orderWithCard("done");
  Object.assign(store.config, {
    cash_rounding: true,
    only_round_cash_method: false,
    rounding_method: store.models["account.cash.rounding"].create({
      name: "To 0.05",
      rounding: 0.05,
      rounding_method: "UP",
      strategy: "add_invoice_line",
    }),
  });
  order.lines[0].setUnitPrice(order.lines[0].price_unit + 0.02);
  order.triggerRecomputeAllPrices();
  const total = order.priceIncl;
  expect(order.totalDue).toBeGreaterThan(total);
  expect(order.totalDue).toBeLessThan(total + 0.05);
  line.setAmount(total);
  expect(order.remainingDue).toBe(0);
  expect(order.isPaid()).toBe(true);
  line.setAmount(total - 0.01);
  expect(order.isPaid()).toBe(false);
});
