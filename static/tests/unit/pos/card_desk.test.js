import {APPROVED, DECLINED, UNBOOKED, UNKNOWN, progressOf, waitFor, waitUntil} from "../helpers";
import {Deferred, advanceTime, animationFrame} from "@odoo/hoot-mock";
import {FakeServer, openPaymentScreen, startTill} from "./helpers";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {click, queryAllTexts} from "@odoo/hoot-dom";
import {
  makeServerError,
  mountWithCleanup,
  onRpc,
  patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {CardBar} from "@nets_connect_cloud/pos/card_bar/card_bar";
import {OrderSummary} from "@point_of_sale/app/screens/product_screen/order_summary/order_summary";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import {ConnectionLostError} from "@web/core/network/rpc";
import {POLL_INTERVAL} from "@nets_connect_cloud/common/transaction_service";
import {TicketScreen} from "@point_of_sale/app/screens/ticket_screen/ticket_screen";
import {browser} from "@web/core/browser/browser";
import {definePosModels} from "@point_of_sale/../tests/unit/data/generate_model_definitions";

describe.current.tags("desktop");
definePosModels();

const REVERSING = {
  id: 43,
  kind: "reversal",
  label: "Reversing the payment…",
  abort: "",
  payment_status: "reversing",
};
const REVERSED = {
  ...APPROVED,
  id: 43,
  kind: "reversal",
  label: "Reversed",
  payment_status: "reversed",
};
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

/** Note which screens the till goes to. */
function stepScreens(store) {
  patchWithCleanup(store, {
    navigate: (page, {orderUuid}) => expect.step(`${page} ${orderUuid}`),
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

test("a card is asked for once what is being saved is saved", async () => {
  const {order, store} = await startTill();
  await openPaymentScreen(order);
  const saved = new Deferred();
  onRpc("pos.order", "sync_from_ui", async ({parent}) => {
    expect.step("save");
    await saved;
    return parent();
  });
  order.setGeneralCustomerNote("by the window");
  const saving = store.syncAllOrders({orders: [order]});
  await click(".paymentmethod:contains(Card)");
  await waitFor(`${LABEL}:contains(Sending)`);
  expect.verifySteps(["save"]);
  expect(server.of("pos_start").length).toBe(0);
  saved.resolve();
  await saving;
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  expect.verifySteps(["save"]);
});

test("a line that isn't sent yet is sent by pressing the method again", async () => {
  const {order, method} = await startTill();
  await openPaymentScreen(order);
  order.addPaymentline(method);
  await animationFrame();
  await click(".paymentmethod:contains(Card)");
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  expect(order.payment_ids.length).toBe(1);
  expect(server.of("pos_start").length).toBe(1);
});

test("an amount that was typed first is sent by pressing Send", async () => {
  const {order, store, method} = await startTill();
  await openPaymentScreen(order);
  order.addPaymentline(method);
  order.payment_ids[0].setAmount(5);
  await animationFrame();
  expect(buttons()).toEqual(["Send"]);
  expect(server.of("pos_start")).toEqual([]);
  await click(".o_nets_send");
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  expect(server.of("pos_start")[0].args[2]).toBe(5);
  expect(order.remainingDue).toBe(17.85, {message: "nothing is paid before it is charged"});
  expect(store.nets.runningLine(order)).not.toBe(undefined);
});

test("approved: the line gets what the server has, and the order is validated automatically", async () => {
  patchWithCleanup(OrderPaymentValidation.prototype, {
    validateOrder: () => expect.step("validated"),
  });
  const {line, store} = await pay();
  store.config.auto_validate_terminal_payment = true;
  bookOnServer(line, {card_brand: "Visa", card_no: "1234", ticket: "Customer's receipt"});
  await tell({...APPROVED, payment_amount: 17.85});
  await waitUntil(() => line.payment_status === "done");
  await animationFrame();
  expect(line.card_no).toBe("1234");
  expect(line.ticket).toBe("Customer's receipt");
  expect(LABEL).toHaveText("Successful");
  expect(".o_nets_card").toHaveText("Visa •••• 1234 · A00101");
  expect.verifySteps(["validated"]);
});

test("validated automatically also where Odoo's own sync brings the result before its news", async () => {
  patchWithCleanup(OrderPaymentValidation.prototype, {
    validateOrder: () => expect.step("validated"),
  });
  const {line, order, store} = await pay();
  store.config.auto_validate_terminal_payment = true;
  bookOnServer(line);
  await store.data.loadServerOrders([["uuid", "=", order.uuid]]);
  expect(line.payment_status).toBe("done");
  await tell({...APPROVED, payment_amount: 17.85});
  await waitFor(`${LABEL}:contains(Successful)`);
  await animationFrame();
  expect.verifySteps(["validated"]);
});

test("an order that another till finishes first shows its receipt", async () => {
  const {order, store} = await pay();
  stepScreens(store);
  order.state = "paid";
  await tell({...APPROVED, payment_amount: 17.85});
  expect.verifySteps([`ReceiptScreen ${order.uuid}`]);
});

test("an order that another till finishes while the result is fetched shows its receipt", async () => {
  patchWithCleanup(OrderPaymentValidation.prototype, {
    validateOrder: () => expect.step("validated"),
  });
  const {line, order, store} = await pay();
  stepScreens(store);
  store.config.auto_validate_terminal_payment = true;
  bookOnServer(line);
  onRpc("pos.order", "read_pos_orders", ({parent}) => {
    const result = parent();
    result["pos.order"].find((each) => each.uuid === order.uuid).state = "paid";
    return result;
  });
  await tell({...APPROVED, payment_amount: 17.85});
  await waitUntil(() => order.finalized);
  await animationFrame();
  expect.verifySteps([`ReceiptScreen ${order.uuid}`]);
});

test("a charge is done as soon as it is known, and finishing the order waits until it is booked", async () => {
  const {line, order, store} = await pay();
  await tell({...UNBOOKED, payment_amount: 17.85});
  expect(LABEL).toHaveText("Successful");
  expect(line.payment_status).toBe("done");
  expect(store.nets.runningLine(order)).toBe(line, {message: "nothing else is done with it"});
  let isSettled = false;
  store.nets.settling(order).then(() => (isSettled = true));
  await advanceTime(1000);
  expect(isSettled).toBe(false);
  bookOnServer(line);
  await tell({...APPROVED, payment_amount: 17.85});
  await waitUntil(() => isSettled);
  expect(store.nets.runningLine(order)).toBe(undefined);
});

test("what the terminal added is seen once it is booked", async () => {
  const {line} = await pay();
  await tell({...UNBOOKED, payment_amount: 20});
  expect(line.payment_status).toBe("waitingCard");
  expect(line.getAmount()).toBe(17.85);
});

test("where only the line changed, the order isn't read", async () => {
  const {line, order} = await pay();
  onRpc("pos.order", "read_pos_orders", () => expect.step("read"));
  const payment = {payment_status: "done", card_brand: "Visa", card_no: "1234", ticket: "VISA"};
  const paid = {payment, write_date: "2026-01-02 03:04:05"};
  await tell({...APPROVED, payment_amount: 17.85, paid});
  await waitUntil(() => line.payment_status === "done");
  expect([line.card_brand, line.card_no, line.ticket]).toEqual(["Visa", "1234", "VISA"]);
  expect(order.isPaid()).toBe(true);
  expect(order.isDirty()).toBe(false);
  expect.verifySteps([]);
});

test("the next card waits until the one before is booked, and is sent automatically then", async () => {
  const {order, line} = await pay();
  order.payment_ids[0].setAmount(10);
  await tell({...UNBOOKED, payment_amount: 10});
  await click(".paymentmethod:contains(Card)");
  await advanceTime(1000);
  expect(".modal").toHaveCount(0, {message: "nothing to refuse: it is a matter of a moment"});
  expect(order.payment_ids.length).toBe(1);
  bookOnServer(line, {amount: 10});
  await tell({...APPROVED, payment_amount: 10});
  await waitUntil(() => server.of("pos_start").length === 2);
  const [, second] = server.of("pos_start");
  expect(second.args[0]).toBe(order.payment_ids[1].uuid);
  expect(second.args[2]).toBe(7.85);
});

test("charged, and refused by accounting: nobody waits, and says why nothing else can be done", async () => {
  const {order} = await pay();
  await tell({...UNBOOKED, label: "Charged, not booked", look: "unbooked"});
  expect(LABEL).toHaveText("Charged, not booked");
  expect(buttons()).toEqual([]);
  await click(".paymentmethod:contains(Cash)");
  await waitFor(".modal:contains(accounting refused it)");
  expect(order.payment_ids.length).toBe(1);
});

test("declined: says why, and tries again as a new request", async () => {
  const {line} = await pay();
  await tell(DECLINED);
  expect(LABEL).toHaveText("Insufficient funds");
  expect(".o_nets_explanation").toHaveText("Nothing was charged. Try another card.");
  expect(line.payment_status).toBe("retry");
  expect(buttons()).toEqual(["Try again"]);
  expect(".paymentline .delete-button").toHaveCount(1);
  server.progress = progressOf();
  await click("button:contains(Try again)");
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  const [first, second] = server.of("pos_start");
  expect(second.args[0]).toBe(line.uuid);
  expect(second.args[3]).not.toBe(first.args[3]);
});

test("failed: the terminal is asked once more, and the charge that it shows pays the order", async () => {
  const {line} = await pay();
  await tell({...DECLINED, look: "trouble", lookup: "possible"});
  expect(buttons()).toEqual(["Try again", "Get last result"]);
  server.progress = progressOf({...DECLINED, finished: false, look: "unknown", lookup: "running"});
  await click("button:contains(Get last result)");
  await waitFor("button:contains(Get last result):disabled");
  // Not while it may turn out to be charged.
  expect(buttons()).toEqual(["Get last result"]);
  expect(server.of("get_last_result")[0].args).toEqual([[42]]);
  bookOnServer(line);
  await tell({...APPROVED, payment_amount: 17.85});
  await waitUntil(() => line.payment_status === "done");
  expect(LABEL).toHaveText("Successful");
});

test("after a refusal that is certain there is nothing to ask the terminal", async () => {
  await pay();
  await tell({...DECLINED, lookup: "possible"});
  expect(buttons()).toEqual(["Try again"]);
});

test("each state has its colour, and seconds run until it has ended", async () => {
  await pay();
  expect(".o_nets_state").toHaveClass("o_nets_tone_primary");
  await tell({elapsed: 58});
  expect(".o_nets_seconds").toHaveText("0:58");
  server.progress = progressOf({elapsed: 60});
  await advanceTime(1000);
  await advanceTime(1000);
  await animationFrame();
  expect(".o_nets_seconds").toHaveText("1:00");
  await tell(DECLINED);
  expect(".o_nets_state").toHaveClass("o_nets_tone_danger");
  expect(".o_nets_seconds").toHaveCount(0);
});

test("a wait that the rules ask for has an end in sight", async () => {
  await pay();
  expect(".o_nets_known_by").toHaveCount(0);
  await tell({...UNKNOWN, elapsed: 100, known_in: 200});
  expect(".o_nets_known_by").toHaveText(/^Known by \d\d:\d\d at the latest \(3:20\)$/);
  await advanceTime(1000);
  await animationFrame();
  expect(".o_nets_known_by").toHaveText(/3:19/);
  await tell({...UNKNOWN, elapsed: 110});
  expect(".o_nets_known_by").toHaveCount(0);
});

test("what another till sent once more meanwhile is followed", async () => {
  const {line, order, store} = await pay();
  server.lines[line.uuid] = progressOf({id: 43});
  server.progress = progressOf({...DECLINED, payment_status: "waitingCard"});
  await advanceTime(POLL_INTERVAL);
  expect(store.nets.runningLine(order)).toBe(line);
  server.progress = progressOf({id: 43});
  await advanceTime(2000);
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  expect(store.nets.paymentOf(line).isFollowing(43)).toBe(true);
});

test("what accounting refuses is heard of by those who have gone on to something else", async () => {
  const {store} = await pay();
  patchWithCleanup(store.notification, {
    add: (text, {title}) => expect.step(`${title}: ${text.includes("$ 250.00")}`),
  });
  store.router.state.current = "ProductScreen";
  await tell({...UNBOOKED, label: "Charged, not booked", look: "unbooked"});
  await tell({...UNBOOKED, label: "Charged, not booked", look: "unbooked"});
  expect.verifySteps(["Charged, not booked: true"]);
});

test("waits before trying again where that makes no sense at once", async () => {
  await pay();
  await tell({...DECLINED, label: "Terminal busy", retry_wait: 2});
  expect(".o_nets_send").toHaveText("Try again (2 s)");
  expect(".o_nets_send").not.toBeEnabled();
  await advanceTime(1000);
  await advanceTime(1000);
  await animationFrame();
  expect(".o_nets_send").toHaveText("Try again");
  expect(".o_nets_send").toBeEnabled();
});

test("after a failure another way to pay takes its place", async () => {
  const {order} = await pay();
  await tell(DECLINED);
  await click(".paymentmethod:contains(Cash)");
  await animationFrame();
  expect(order.payment_ids.map((line) => line.payment_method_id.name)).toEqual(["Cash"]);
});

test("after Odoo couldn't be reached another way to pay takes its place, too", async () => {
  const {order, store} = await startTill();
  patchWithCleanup(store, {
    syncAllOrders() {
      throw new ConnectionLostError();
    },
  });
  await openPaymentScreen(order);
  await click(".paymentmethod:contains(Card)");
  await waitFor(".alert:contains(Odoo can't be reached)");
  await click(".paymentmethod:contains(Cash)");
  await animationFrame();
  expect(".modal").toHaveCount(0);
  expect(order.payment_ids.map((line) => line.payment_method_id.name)).toEqual(["Cash"]);
  expect(order.remainingDue).toBe(0);
});

test("an amount that is typed before the method is charged on the card, and the rest stays due", async () => {
  const {order, method} = await startTill();
  const screen = await openPaymentScreen(order);
  screen.numberBuffer.set("5");
  screen.updateSelectedPaymentline();
  expect(order.payment_ids.length).toBe(1);
  await click(".paymentmethod:contains(Card)");
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  expect(order.payment_ids.map((line) => line.payment_method_id)).toEqual([method]);
  expect(server.of("pos_start").map(({args}) => args[2])).toEqual([5]);
});

test("what is chosen as cash stays cash when a card pays the rest", async () => {
  const {order, store} = await startTill();
  const screen = await openPaymentScreen(order);
  await screen.addNewPaymentLine(store.models["pos.payment.method"].get(1));
  screen.numberBuffer.set("5");
  screen.updateSelectedPaymentline();
  await click(".paymentmethod:contains(Card)");
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  expect(order.payment_ids.map((line) => line.getAmount())).toEqual([5, 12.85]);
});

test("a part is charged on the card where the amount is asked for", async () => {
  const {order} = await startTill();
  await openPaymentScreen(order);
  await click(".o_nets_split");
  await waitFor(".modal:contains(Amount on this card)");
  await click(".modal .numpad-button:contains(7):first");
  await animationFrame();
  await click(".modal button:contains(Confirm)");
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  expect(server.of("pos_start").map(({args}) => args[2])).toEqual([7]);
  expect(".o_nets_split").toHaveCount(0);
});

describe("on every screen", () => {
  const BAR = ".o_nets_card_bar button";

  test("what runs, and what is charged and not finished, is in sight", async () => {
    const {order, line, store} = await pay();
    stepScreens(store);
    store.router.state.current = "ProductScreen";
    await mountWithCleanup(CardBar);
    expect(BAR).toHaveText(/^Card \$\s17\.85 · Waiting for the card\s*0:00/);
    expect(BAR).toHaveClass("o_nets_tone_primary");
    bookOnServer(line);
    await tell({...APPROVED, payment_amount: 17.85});
    await waitFor(`${BAR}:contains(paid)`);
    expect(BAR).toHaveClass("o_nets_tone_success");
    await click(BAR);
    expect.verifySteps([`PaymentScreen ${order.uuid}`]);
    order.state = "paid";
    await animationFrame();
    expect(BAR).toHaveCount(0);
  });

  test("nothing is in sight where nothing was charged", async () => {
    await pay();
    await mountWithCleanup(CardBar);
    await tell(DECLINED);
    expect(BAR).toHaveCount(0);
  });

  test("not in the list of orders either: it doesn't look unpaid there", async () => {
    const {order, line, store} = await pay();
    const status = () =>
      TicketScreen.prototype.getStatus.call({pos: store, env: store.env, state: {}}, order);
    expect(status()).toBe("Card running");
    bookOnServer(line);
    await tell({...APPROVED, payment_amount: 17.85});
    await waitUntil(() => line.payment_status === "done");
    expect(status()).toMatch(/^Card: \$\s17\.85 paid$/);
  });
});

test("aborting: nothing else can be done until the call has ended", async () => {
  const {line, order} = await pay();
  await click("button:contains(Abort)");
  await waitFor(`${LABEL}:contains(Aborting)`);
  expect(line.payment_status).toBe("waitingCancel");
  expect("button:contains(Abort again)").not.toBeEnabled();
  await click(".paymentmethod:contains(Cash)");
  await waitFor(".modal:contains(A card payment is running)");
  expect(order.payment_ids.length).toBe(1);
  await tell({...DECLINED, state: "aborted", label: "Aborted"});
  await waitFor(`${LABEL}:contains(Aborted)`);
  expect(buttons()).toEqual(["Try again"]);
});

test("an abort that came too late ends paid", async () => {
  const {line} = await pay();
  await click("button:contains(Abort)");
  await waitFor(`${LABEL}:contains(Aborting)`);
  bookOnServer(line);
  await tell({...APPROVED, payment_amount: 17.85});
  await waitUntil(() => line.payment_status === "done");
});

describe("no way round a running card", () => {
  test("validating, fast payment, deleting the line or the order, another amount", async () => {
    const {store, order, line, screen} = await pay();
    const cash = store.models["pos.payment.method"].get(1);

    screen.validateOrder();
    await waitFor(".modal:contains(A card payment is running)");
    expect(".modal").toHaveText(/\$\s17\.85/);
    await click(".modal button:contains(Ok)");
    expect(order.state).toBe("draft");

    await store.validateOrderFast(cash);
    expect(order.state).toBe("draft");
    expect(order.payment_ids.length).toBe(1);

    screen.deletePaymentLine(line.uuid);
    order.removePaymentline(line);
    expect(order.payment_ids.length).toBe(1);
    expect(store.models.commands["pos.order"].delete.size).toBe(0);

    expect(await store.deleteOrders([order])).toBe(false);
    expect(store.models["pos.order"].getBy("uuid", order.uuid)).not.toBe(undefined);

    screen.numberBuffer.set("3");
    screen.updateSelectedPaymentline();
    expect(line.amount).toBe(17.85);

    await screen.sendForceDone(line);
    expect(line.payment_status).toBe("waitingCard");
  });

  test("a charged card keeps its order and its line", async () => {
    const {store, order, line} = await pay();
    bookOnServer(line);
    await tell({...APPROVED, payment_amount: 17.85});
    await waitUntil(() => line.payment_status === "done");
    order.removePaymentline(line);
    expect(order.payment_ids.length).toBe(1);
    expect(await store.deleteOrders([order])).toBe(false);
    await waitFor(".modal:contains(A card was charged)");
  });

  test("what the customer is paying for stays as it is", async () => {
    const {store, order, screen} = await pay();
    const [line] = order.lines;
    const before = order.lines.map(({qty, discount}) => [qty, discount]);
    const summary = await mountWithCleanup(OrderSummary, {props: {}});
    order.selectOrderline(line);

    await summary.updateSelectedOrderline({buffer: "1", key: "1"});
    await waitFor(".modal:contains(A card payment is running)");
    await click(".modal button:contains(Ok)");
    await animationFrame();
    await store.setDiscountFromUI(line, 50);
    await store.addLineToCurrentOrder({product_tmpl_id: line.product_id.product_tmpl_id});
    screen.addTip();
    await animationFrame();
    expect(".modal").toHaveCount(3);
    expect(order.lines.map(({qty, discount}) => [qty, discount])).toEqual(before);
    expect(order.priceIncl).toBe(17.85);
  });

  test("money from a card is no change", async () => {
    const {order, line, screen} = await pay();
    bookOnServer(line);
    await tell({...APPROVED, payment_amount: 17.85});
    await waitUntil(() => line.payment_status === "done");
    order.removeOrderline(order.lines[0]);
    expect(order.priceIncl).toBeLessThan(17.85);
    screen.validateOrder();
    await waitFor(".modal:contains(Money from a card isn't given back in cash)");
    expect(order.state).toBe("draft");
  });

  test("what is too much in cash is change", async () => {
    const {order, line, store} = await pay();
    line.setAmount(10);
    bookOnServer(line, {amount: 10});
    await tell({...APPROVED, payment_amount: 10});
    await waitUntil(() => line.payment_status === "done");
    order.addPaymentline(store.models["pos.payment.method"].get(1));
    order.payment_ids[1].setAmount(20);
    expect(order.change).toBe(-12.15);
    expect(store.nets.isOvercharged(order)).toBe(false);
    order.payment_ids[1].setAmount(5);
    expect(store.nets.isOvercharged(order)).toBe(false);
  });

  test("a fast payment by card is sent in the payment screen", async () => {
    const {store, order, method} = await startTill();
    patchWithCleanup(store, {
      pay() {
        this.router.state.current = "PaymentScreen";
      },
    });
    await store.validateOrderFast(method);
    expect(order.state).toBe("draft");
    expect(order.payment_ids.length).toBe(0, {message: "core would have taken it for paid"});
    await openPaymentScreen(order);
    await waitFor(`${LABEL}:contains(Waiting for the card)`);
    expect(server.of("pos_start").length).toBe(1);
  });
});

describe("lost connections", () => {
  test("unknown: the result is fetched, and nothing can be charged", async () => {
    await pay();
    await tell({...UNKNOWN, can_settle: false});
    expect(LABEL).toHaveText("Connection interrupted");
    expect(buttons()).toEqual(["Get last result", "Serve the next customer on Bar"]);
    server.progress = progressOf(DECLINED);
    await click("button:contains(Get last result)");
    await waitFor(`${LABEL}:contains(Insufficient funds)`);
    expect(server.of("get_last_result")[0].args).toEqual([[42]]);
  });

  test("unknown: the next customer is served on another terminal", async () => {
    const {method, order, store} = await pay();
    stepScreens(store);
    await tell({...UNKNOWN, can_settle: false});
    await click("button:contains(Serve the next customer on Bar)");
    const next = store.getOrder();
    expect(next).not.toBe(order);
    expect.verifySteps([`ProductScreen ${next.uuid}`]);
    expect(store.nets.terminalOf(method).name).toBe("Bar");
  });

  test("settled by hand where both who is at the till and the Odoo user are managers", async () => {
    const {store} = await pay();
    const offered = async (user, employee) => {
      patchWithCleanup(store, {
        user: {id: store.user.id, raw: {role: user}},
        getCashier: () => ({name: "Somebody", _role: employee}),
      });
      await tell({...UNKNOWN, can_settle: true});
      return buttons().includes("Settle by hand");
    };
    expect(await offered("cashier", "cashier")).toBe(false);
    expect(await offered("cashier", "manager")).toBe(false);
    expect(await offered("manager", "cashier")).toBe(false);
    expect(await offered("manager", "manager")).toBe(true);
  });

  for (const [hasEmployees, role, offered] of [
    [true, "cashier", false],
    [true, "minimal", false],
    [true, "manager", true],
    [false, "cashier", true],
  ]) {
    const whom = hasEmployees ? `the employee is ${role}` : "no employees log in";
    test(`recorded by hand: ${whom}`, async () => {
      const {store} = await pay();
      store.config.module_pos_hr = hasEmployees;
      patchWithCleanup(store, {getCashier: () => ({id: 7, name: "Somebody", _role: role})});
      await tell({...DECLINED, can_record_by_hand: true});
      expect(buttons().includes("Record by hand")).toBe(offered);
      expect(store.nets.employeeId).toBe(hasEmployees && 7);
    });
  }

  test("a start whose answer is lost is sent again, with the same number", async () => {
    let lost = 2;
    onRpc(
      "/web/dataset/call_kw/nets.transaction/pos_start",
      async (request) => {
        const {params} = await request.json();
        server.calls.push({method: "pos_start", args: params.args, kwargs: params.kwargs});
        if (lost-- > 0) {
          throw new Error("connection lost");
        }
        return new Response(JSON.stringify({jsonrpc: "2.0", id: 1, result: [server.progress]}));
      },
      {pure: true}
    );
    const {line} = await pay();
    await waitFor(`${LABEL}:contains(No connection to Odoo)`);
    expect(line.payment_status).toBe("waitingCard");
    expect(buttons()).toEqual([]);
    await advanceTime(2000);
    await advanceTime(2000);
    await waitFor(`${LABEL}:contains(Waiting for the card)`);
    const numbers = server.of("pos_start").map(({args}) => args[3]);
    expect(numbers.length).toBe(3);
    expect(new Set(numbers).size).toBe(1);
  });

  test("while Odoo doesn't answer the cashier reads it, and it goes on automatically", async () => {
    await pay();
    const answer = server.progress;
    Object.defineProperty(server, "progress", {
      configurable: true,
      get: () => {
        throw makeServerError({message: "Bad gateway"});
      },
    });
    await advanceTime(POLL_INTERVAL);
    await animationFrame();
    expect(LABEL).toHaveText("No connection to Odoo");
    Object.defineProperty(server, "progress", {value: answer, writable: true});
    await advanceTime(POLL_INTERVAL);
    await animationFrame();
    expect(LABEL).toHaveText("Waiting for the card");
  });

  test("where the order doesn't reach Odoo, nothing is sent to the terminal", async () => {
    const {order} = await startTill();
    onRpc("pos.order", "sync_from_ui", () => {
      throw makeServerError({type: "UserError", message: "The session is closed."});
    });
    await openPaymentScreen(order);
    await click(".paymentmethod:contains(Card)");
    await waitFor(".alert:contains(The session is closed.)");
    expect(server.of("pos_start")).toEqual([]);
    expect(buttons()).toEqual(["Send"]);
    expect(order.payment_ids[0].payment_status).toBe("pending");
  });
});

test("a refusal is read at the line, and the next press is a new request", async () => {
  server.start = () => {
    throw makeServerError({type: "UserError", message: "The terminal Front desk is busy."});
  };
  const {order} = await startTill();
  await openPaymentScreen(order);
  await click(".paymentmethod:contains(Card)");
  await waitFor(".alert:contains(The terminal Front desk is busy.)");
  expect(".modal").toHaveCount(0);
  expect(order.payment_ids[0].payment_status).toBe("pending");
  server.start = () => server.progress;
  await click("button:contains(Send)");
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  const [first, second] = server.of("pos_start");
  expect(second.args[3]).not.toBe(first.args[3]);
  expect(".alert").toHaveCount(0);
});

test("waits for an earlier payment on the terminal, and starts automatically", async () => {
  const waiting = {
    waiting: true,
    label: "An earlier payment is being resolved",
    explanation: "The result of an earlier payment is still being fetched.",
    advice: "",
  };
  server.start = () => waiting;
  const {line, store, order} = await pay();
  await waitFor(`${LABEL}:contains(An earlier payment is being resolved)`);
  expect(buttons()).toEqual(["Stop waiting", "Use Bar"]);
  expect(store.nets.runningLine(order)).toBe(line);
  server.start = () => server.progress;
  await advanceTime(2000);
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  expect(new Set(server.of("pos_start").map(({args}) => args[3])).size).toBe(1);
});

test("what was sent, but not answered, stays locked and is sent again", async () => {
  const {order, store} = await startTill();
  let isDown = true;
  patchWithCleanup(store.nets, {
    async call(method) {
      const answer = await super.call(...arguments);
      if (isDown && method === "pos_start") {
        throw new ConnectionLostError();
      }
      return answer;
    },
  });
  await openPaymentScreen(order);
  await click(".paymentmethod:contains(Card)");
  await waitFor(`${LABEL}:contains(No connection to Odoo)`);
  const [line] = order.payment_ids;
  // the server has nothing of it yet: it may have it at any moment
  await store.nets.resume();
  await animationFrame();
  expect(store.nets.runningLine(order)).toBe(line);
  expect(LABEL).toHaveText("No connection to Odoo");
  isDown = false;
  await advanceTime(2000);
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  expect(server.of("pos_start").length).toBe(2);
  expect(new Set(server.of("pos_start").map(({args}) => args[3])).size).toBe(1);
});

test("another terminal is used instead of waiting for one", async () => {
  server.start = () => ({waiting: true, label: "Wait", explanation: "", advice: "", known_in: 65});
  await pay();
  await waitFor(".o_nets_known_by:contains(1:05)");
  server.start = () => server.progress;
  await click("button:contains(Use Bar)");
  await waitFor(`${LABEL}:contains(Waiting for the card)`);
  const calls = server.of("pos_start");
  expect(calls.map(({args}) => args[1])).toEqual([7, 8]);
  expect(calls[0].args[3]).not.toBe(calls[1].args[3]);
  await advanceTime(10000);
  expect(server.of("pos_start").length).toBe(2);
});

test("who stops waiting starts nothing", async () => {
  server.start = () => ({waiting: true, label: "Wait", explanation: "", advice: "", known_in: 65});
  const {line, store, order} = await pay();
  await click("button:contains(Stop waiting)");
  await animationFrame();
  expect(".o_nets_known_by").toHaveCount(0);
  expect(line.payment_status).toBe("pending");
  expect(store.nets.runningLine(order)).toBe(undefined);
  const before = server.of("pos_start").length;
  await advanceTime(10000);
  expect(server.of("pos_start").length).toBe(before);
});

describe("taking up again", () => {
  /** The page was reloaded: a line of an order is there, and nothing else. */
  async function reloaded(status) {
    const till = await startTill();
    till.store.config.auto_validate_terminal_payment = false;
    till.order.addPaymentline(till.method);
    till.line = till.order.payment_ids[0];
    till.line.setPaymentStatus(status);
    return till;
  }

  test("running goes on", async () => {
    const {line, order} = await reloaded("waitingCard");
    server.lines[line.uuid] = progressOf();
    await openPaymentScreen(order);
    await waitFor(`${LABEL}:contains(Waiting for the card)`);
    await tell(DECLINED);
    expect(LABEL).toHaveText("Insufficient funds");
  });

  test("approved becomes paid", async () => {
    const {line, order, store} = await reloaded("waitingCard");
    await store.syncAllOrders({orders: [order]});
    bookOnServer(line);
    server.lines[line.uuid] = progressOf({...APPROVED, payment_amount: 17.85});
    await openPaymentScreen(order);
    await waitUntil(() => line.payment_status === "done");
    await animationFrame();
    expect(LABEL).toHaveText("Successful");
    expect(order.isPaid()).toBe(true);
  });

  test("what the server never heard of can be sent", async () => {
    const {line, order} = await reloaded("waitingCard");
    await openPaymentScreen(order);
    await waitUntil(() => line.payment_status === "pending");
    await animationFrame();
    expect(buttons()).toEqual(["Send"]);
  });

  test("also what another till started on this order", async () => {
    const {line, order, store} = await reloaded("pending");
    await openPaymentScreen(order);
    server.lines[line.uuid] = progressOf();
    store.nets.onMessage({payment_uuid: line.uuid, transaction_id: 42});
    await waitFor(`${LABEL}:contains(Waiting for the card)`);
    expect(line.payment_status).toBe("waitingCard");
  });

  test("as long as Odoo can't be asked it stays locked", async () => {
    const {line, order, store} = await reloaded("waitingCard");
    onRpc(
      "/web/dataset/call_kw/nets.transaction/pos_progress",
      () => new Response("", {status: 502}),
      {
        pure: true,
      }
    );
    await openPaymentScreen(order);
    await waitFor(`${LABEL}:contains(No connection to Odoo)`);
    expect(store.nets.runningLine(order)).toBe(line);
    expect(buttons()).toEqual([]);
  });
});

describe("terminals", () => {
  test("the one used on this device is remembered, and can be changed", async () => {
    const {order, store, method} = await startTill();
    await openPaymentScreen(order);
    order.addPaymentline(method);
    await animationFrame();
    expect(".o_nets_choose_terminal").toHaveValue("7");
    expect(".o_nets_play_money").toHaveCount(1);
    await click(".o_nets_choose_terminal");
    store.nets.chooseTerminal(method, 8);
    await animationFrame();
    expect(".o_nets_play_money").toHaveCount(0, {message: "that one charges real cards"});
    await click(".o_nets_send");
    await waitFor(LABEL);
    expect(server.of("pos_start")[0].args[1]).toBe(8);
    expect(store.nets.rememberedTerminal(method)).toBe(8);
  });

  test("where it isn't clear, nothing is sent at once", async () => {
    const {order, method, store} = await startTill();
    delete store.nets.choices[method.id];
    browser.localStorage.clear();
    expect(store.nets.terminalOf(method)).toBe(undefined);
    await openPaymentScreen(order);
    await click(".paymentmethod:contains(Card)");
    await animationFrame();
    expect(".o_nets_choose_terminal").toHaveValue("");
    expect(".o_nets_send").not.toBeEnabled();
    expect(server.of("pos_start")).toEqual([]);
  });
});

describe("after the charge", () => {
  async function paid(values = {}) {
    const till = await pay();
    bookOnServer(till.line);
    await tell({...APPROVED, payment_amount: 17.85, ...values});
    await waitUntil(() => till.line.payment_status === "done");
    await animationFrame();
    return till;
  }

  test("the cashier compares the signature before anything else", async () => {
    const {screen, order} = await paid({signature: "required"});
    expect(buttons()).toEqual(["The signature is right", "Not right: reverse the payment"]);
    screen.validateOrder();
    await waitFor(".modal:contains(Check the signature)");
    await click(".modal button:contains(Ok)");
    expect(order.state).toBe("draft");
    server.progress = progressOf({...APPROVED, payment_amount: 17.85, signature: ""});
    await click("button:contains(The signature is right)");
    await animationFrame();
    await animationFrame();
    expect(server.of("sign")[0].args.slice(0, 2)).toEqual([[42], true]);
    expect(buttons()).toEqual(["Reverse\nUndo the card payment, no card needed"]);
  });

  test("the receipt is printed for the signature, and the order is complete once that is right", async () => {
    patchWithCleanup(OrderPaymentValidation.prototype, {
      validateOrder: () => expect.step("validated"),
    });
    const {store} = await paid({signature: "required", paper: "MERCHANT'S COPY"});
    patchWithCleanup(store.printer, {
      print: (component, {text}) => expect.step(text),
    });
    store.config.auto_validate_terminal_payment = true;
    await click("button:contains(Print the receipt to sign)");
    await animationFrame();
    server.progress = progressOf({...APPROVED, payment_amount: 17.85, signature: ""});
    await click("button:contains(The signature is right)");
    await animationFrame();
    expect.verifySteps(["MERCHANT'S COPY", "validated"]);
  });

  test("the terminal reverses its last payment", async () => {
    const {line, store} = await paid();
    store.config.auto_validate_terminal_payment = true;
    server.progress = progressOf(REVERSING);
    await click(".o_nets_reverse");
    await waitFor(".modal:contains(No card is needed)");
    await click(".modal button:contains(Reverse)");
    await waitFor(`${LABEL}:contains(Reversing the payment)`);
    expect(line.payment_status).toBe("reversing");
    expect(buttons()).toEqual([]);
    bookOnServer(line, {amount: 0, payment_status: "reversed"});
    await tell(REVERSED);
    await waitUntil(() => line.payment_status === "reversed");
    await animationFrame();
    expect(line.amount).toBe(0);
    expect(LABEL).toHaveText("Reversed");
  });

  test("an answer that was asked for before a reversal doesn't end it", async () => {
    const {line, store} = await paid();
    const late = Promise.withResolvers();
    server.answering = late.promise;
    server.lines[line.uuid] = progressOf({...APPROVED, payment_amount: 17.85});
    store.nets.onMessage({payment_uuid: line.uuid, transaction_id: 42});
    server.progress = progressOf(REVERSING);
    server.lines[line.uuid] = server.progress;
    await click(".o_nets_reverse");
    await waitFor(".modal:contains(No card is needed)");
    await click(".modal button:contains(Reverse)");
    await waitFor(`${LABEL}:contains(Reversing the payment)`);
    late.resolve();
    await waitUntil(() => server.of("pos_progress").length === 2);
    await animationFrame();
    expect(LABEL).toHaveText("Reversing the payment…");
    expect(line.payment_status).toBe("reversing");
    bookOnServer(line, {amount: 0, payment_status: "reversed"});
    await tell(REVERSED);
    await waitUntil(() => line.payment_status === "reversed");
  });

  test("a reversal waits until the order has come back from the server", async () => {
    const {line, order, store} = await pay();
    bookOnServer(line);
    const fetched = Promise.withResolvers();
    onRpc("pos.order", "read_pos_orders", async ({parent}) => {
      const result = parent();
      await fetched.promise;
      return result;
    });
    await tell({...APPROVED, payment_amount: 17.85});
    server.progress = progressOf(REVERSING);
    store.nets.paymentOf(line).reverse();
    await animationFrame();
    expect(server.of("pos_reverse")).toEqual([]);
    fetched.resolve();
    await waitFor(`${LABEL}:contains(Reversing the payment)`);
    expect(line.payment_status).toBe("reversing");
    expect(store.nets.runningLine(order)).toBe(line);
  });

  test("a reversal that is refused leaves the payment, and says why", async () => {
    patchWithCleanup(OrderPaymentValidation.prototype, {
      validateOrder: () => expect.step("validated"),
    });
    const {line, store} = await paid();
    store.config.auto_validate_terminal_payment = true;
    server.lines[line.uuid] = progressOf({...APPROVED, payment_amount: 17.85});
    server.start = () => {
      throw makeServerError({type: "UserError", message: "It isn't the terminal's last one."});
    };
    await click(".o_nets_reverse");
    await waitFor(".modal:contains(No card is needed)");
    await click(".modal button:contains(Reverse)");
    await waitFor(".alert:contains(It isn't the terminal's last one.)");
    expect(line.payment_status).toBe("done");
    expect(line.amount).toBe(17.85);
    expect(LABEL).toHaveText("Successful");
    expect.verifySteps([]);
  });
});

describe("refund", () => {
  /** A refund of an order of 17.85 that was paid with two cards. */
  async function refund() {
    const till = await pay();
    const {store, order, method} = till;
    await tell(DECLINED);
    order.removePaymentline(order.payment_ids[0]);
    const cards = [10, 7.85].map((amount) => {
      const line = store.models["pos.payment"].create({
        pos_order_id: order,
        payment_method_id: method,
      });
      line.setAmount(amount);
      line.setPaymentStatus("done");
      return line;
    });
    order.state = "paid";
    const back = store.addNewOrder();
    back.is_refund = true;
    for (const line of order.lines) {
      store.models["pos.order.line"].create({
        qty: -line.qty,
        price_unit: line.price_unit,
        product_id: line.product_id,
        order_id: back,
        tax_ids: line.tax_ids.map((tax) => ["link", tax]),
        refunded_orderline_id: line,
        price_type: "automatic",
      });
    }
    cards.forEach((line, index) => {
      server.lines[line.uuid] = progressOf({
        ...APPROVED,
        id: 50 + index,
        card: `Visa •••• 000${index}`,
        refundable: line.amount,
      });
    });
    server.calls = [];
    return {...till, back, cards};
  }

  test("a line for each card, with what is left; none is sent automatically", async () => {
    const {back, method, screen, store} = await refund();
    screen.props.orderUuid = back.uuid;
    store.setOrder(back);
    await screen.addNewPaymentLine(method);
    expect(back.payment_ids.map((line) => line.amount)).toEqual([-10, -7.85]);
    expect(back.payment_ids.map((line) => line.nets.refundOf)).toEqual([50, 51]);
    expect(server.of("pos_start")).toEqual([]);
    expect(back.isPaid()).toBe(false, {message: "core takes a line without a status for paid"});
    await store.syncAllOrders({orders: [back]});
    await store.data.loadServerOrders([["uuid", "=", back.uuid]]);
    back.payment_ids = [["set", ...[...back.payment_ids].sort((a, b) => b.id - a.id)]];
    expect(screen.paymentLines.map((line) => line.amount)).toEqual([-10, -7.85], {
      message: "they stay where the cashier saw them",
    });
  });
});
