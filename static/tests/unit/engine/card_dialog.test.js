import {
  ABORTING,
  APPROVED,
  DECLINED,
  UNBOOKED,
  UNKNOWN,
  defineBackend,
  paymentOf,
  progressOf,
  startBus,
  withoutBus,
  waitFor,
} from "../helpers";
import {Deferred, advanceTime, animationFrame} from "@odoo/hoot-mock";
import {beforeEach, describe, destroy, expect, test} from "@odoo/hoot";
import {
  MockServer,
  contains,
  makeDialogMockEnv,
  makeServerError,
  mockService,
  mountWithCleanup,
  onRpc,
} from "@web/../tests/web_test_helpers";
import {click, press, queryAllTexts} from "@odoo/hoot-dom";
import {CardDialog} from "@nets_connect_cloud/engine/card_dialog";
import {POLL_INTERVAL} from "@nets_connect_cloud/common/transaction_service";
import {makeTask} from "@nets_connect_cloud/engine/card_task";

describe.current.tags("desktop");
defineBackend();

const REQUEST_ID = /^[0-9a-f]{16}$/;
const PROCESS = "button:contains(Process card)";
const PAYMENT = {type: "payment", invoice_ids: [5]};
const RETRY = "button:contains(Try again)";

/** What the server answers, and what it was asked. */
let server = null;

beforeEach(() => {
  server = {
    payment: paymentOf(),
    progress: progressOf(),
    start: () => server.progress,
    retry: () => server.progress,
    abort: () => progressOf(ABORTING),
    starts: [],
    retries: [],
  };
  onRpc("account.move", "nets_card_payment_data", ({args}) => {
    expect(args).toEqual([[5]]);
    return server.payment;
  });
  onRpc("account.move", "nets_start_card_payment", async ({args, kwargs}) => {
    server.starts.push({args, requestId: kwargs.request_id, previousId: kwargs.previous_id});
    return [await server.start()];
  });
  onRpc("nets.transaction", "retry", async ({args, kwargs}) => {
    server.retries.push({args, requestId: kwargs.request_id, terminalId: kwargs.terminal_id});
    return [await server.retry()];
  });
  onRpc("nets.transaction", "abort", async () => [await server.abort()]);
  onRpc("nets.transaction", "read_progress", ({args: [[id]]}) => {
    const isNewest = id === server.progress.id;
    return [isNewest ? server.progress : progressOf({...DECLINED, id})];
  });
});

async function open(props = {}) {
  const env = await makeDialogMockEnv();
  await startBus(env);
  withoutBus(env);
  await mountWithCleanup(CardDialog, {
    env,
    props: {
      task: makeTask(PAYMENT),
      onChanged: () => expect.step("changed"),
      close: () => expect.step("close"),
      ...props,
    },
  });
  await animationFrame();
}

function connectionLost() {
  // what isn't JSON, a proxy's error page for example, is a lost connection
  onRpc(
    "/web/dataset/call_kw/account.move/nets_start_card_payment",
    async (request) => {
      const {params} = await request.json();
      server.starts.push({args: params.args, requestId: params.kwargs.request_id});
      throw new Error("connection lost");
    },
    {pure: true}
  );
}

test("shows what is due, and charges what was entered", async () => {
  await open();
  expect(".modal-title").toHaveText("Card payment: INV/2026/00001");
  expect("#nets_amount").toHaveValue("1,050.00");
  expect("#nets_amount").toBeFocused();
  expect("#nets_terminal").toHaveValue("7");
  expect(".alert:contains(Play money)").toHaveCount(1);
  await contains("#nets_terminal").select("8");
  expect(".alert:contains(Play money)").toHaveCount(0, {message: "that one charges real cards"});
  await contains("#nets_amount").edit("250.5", {confirm: false});
  await click(PROCESS);
  await waitFor(".o_nets_label:contains(Waiting for the card)");
  expect(server.starts.length).toBe(1);
  expect(server.starts[0].args).toEqual([[5], 250.5, 8]);
  expect(server.starts[0].requestId).toMatch(REQUEST_ID);
  expect("button.btn-danger").toHaveText("Abort");
  expect(PROCESS).toHaveCount(0);
  expect.verifySteps(["changed"]);
});

test("Enter charges, too", async () => {
  await open();
  await contains("#nets_amount").click();
  await press("Enter");
  await waitFor(".o_nets_label");
  expect(server.starts.length).toBe(1);
  expect.verifySteps(["changed"]);
});

test("what isn't a number isn't sent", async () => {
  await open();
  await contains("#nets_amount").edit("lots", {confirm: false});
  await click(PROCESS);
  await animationFrame();
  expect(".alert-danger").toHaveText("The amount isn't a number. Enter it in digits.");
  expect(server.starts).toEqual([]);
});

test("can't be sent twice", async () => {
  const slow = new Deferred();
  server.start = () => slow;
  await open();
  click(PROCESS);
  click(PROCESS);
  await animationFrame();
  expect(PROCESS).not.toBeEnabled();
  await press("Enter");
  await animationFrame();
  expect(server.starts.length).toBe(1);
  slow.resolve(progressOf());
  await waitFor(".o_nets_label");
  expect(server.starts.length).toBe(1);
  expect.verifySteps(["changed"]);
});

test("after a lost connection the same request is sent again", async () => {
  await open();
  connectionLost();
  await click(PROCESS);
  await waitFor(".alert-danger:contains(will not be started twice)");
  expect(PROCESS).toBeEnabled();
  await click(PROCESS);
  await animationFrame();
  await animationFrame();
  expect(server.starts.length).toBe(2);
  expect(server.starts[1].requestId).toBe(server.starts[0].requestId);
  expect.verifySteps([]);
});

test("after a refusal the next press is a new request", async () => {
  await open();
  server.start = () => {
    throw makeServerError({
      type: "UserError",
      message: "The terminal Front desk is busy.",
    });
  };
  await click(PROCESS);
  await waitFor(".alert-danger:contains(The terminal Front desk is busy.)");
  expect(".o_error_dialog").toHaveCount(0, {message: "said where the person looks"});
  server.start = () => server.progress;
  await click(PROCESS);
  await waitFor(".o_nets_label");
  expect(".alert-danger").toHaveCount(0);
  expect(server.starts.length).toBe(2);
  expect(server.starts[1].requestId).not.toBe(server.starts[0].requestId);
  expect.verifySteps(["changed"]);
});

test("closes automatically on approval", async () => {
  mockService("notification", {
    add: (text, {title, type}) => expect.step([type, title, text].filter(Boolean).join(": ")),
  });
  await open();
  await click(PROCESS);
  await waitFor(".o_nets_label");
  server.progress = progressOf({...APPROVED, note: "The rest is the customer's credit."});
  await advanceTime(POLL_INTERVAL);
  await animationFrame();
  expect.verifySteps([
    "changed",
    "changed",
    "success: Successful: $ 250.00 · Visa •••• 1234 · A00101",
    "warning: The rest is the customer's credit.",
    "close",
  ]);
});

test("its receipt can be printed and sent, and there is time for it", async () => {
  mockService("notification", {
    add: (_text, {buttons = [], autocloseDelay}) => {
      if (buttons.length) {
        expect(autocloseDelay).toBeGreaterThan(5_000);
        buttons.forEach((button) => button.onClick());
      }
    },
  });
  mockService("action", {doAction: ({step}) => expect.step(step)});
  for (const method of ["action_print_receipt", "action_send_receipt"]) {
    onRpc("nets.transaction", method, ({args}) => ({step: `${method} ${args}`}));
  }
  server.progress = progressOf(APPROVED);
  await open({transactionId: 42});
  await animationFrame();
  expect.verifySteps(["changed", "close", "action_print_receipt 42", "action_send_receipt 42"], {
    ignoreOrder: true,
  });
});

test("whoever may settle what stays unknown does it from here", async () => {
  mockService("action", {
    doAction: async (action, {additionalContext, onClose}) => {
      expect.step(`${action} ${additionalContext.active_ids}`);
      server.progress = progressOf({...DECLINED, label: "Settled by hand"});
      onClose();
    },
  });
  server.progress = progressOf(UNKNOWN);
  await open({transactionId: 42});
  expect("button:contains(Settle by hand)").toHaveCount(0);
  server.progress = progressOf({...UNKNOWN, can_settle: true});
  await advanceTime(POLL_INTERVAL);
  await animationFrame();
  await click("button:contains(Settle by hand)");
  await animationFrame();
  expect.verifySteps(["nets_connect_cloud.nets_transaction_settle_action 42", "changed"]);
  expect(".o_nets_label").toHaveText("Settled by hand");
});

test("where the terminal showed another amount, it is opened to be corrected", async () => {
  mockService("action", {
    doAction: async ({res_model, res_id}) => expect.step(`${res_model} ${res_id}`),
  });
  const question = "Did the terminal show kr 1.00?";
  server.progress = progressOf({...APPROVED, kind: "purchase", question, terminal_id: 7});
  await open({transactionId: 42});
  expect(".o_nets_card_dialog").toHaveText(new RegExp(question.replace("?", "\\?")));
  await click("button:contains(No)");
  await animationFrame();
  await click("button:contains(Open the terminal)");
  expect.verifySteps(["changed", "close", "nets.terminal 7"]);
});

test("stays open where the charge can't be booked", async () => {
  await open({transactionId: 42});
  server.progress = progressOf({
    ...UNBOOKED,
    look: "unbooked",
    label: "Charged, not booked",
    detail: "The journal is archived.",
  });
  await advanceTime(POLL_INTERVAL);
  await animationFrame();
  expect(".o_nets_label").toHaveText("Charged, not booked");
  expect(".modal-body").toHaveText(/The journal is archived\./);
  expect(RETRY).toHaveCount(0);
  expect.verifySteps(["changed"]);
});

test("declined: says why, and tries again as a new request", async () => {
  server.start = () => progressOf(DECLINED);
  await open();
  await click(PROCESS);
  await waitFor(".o_nets_label:contains(Insufficient funds)");
  expect(".o_nets_explanation").toHaveText("Nothing was charged. Try another card.");
  expect(".modal-body").toHaveText(/Do not honour/);
  server.progress = progressOf({id: 43});
  await click(RETRY);
  await waitFor(".o_nets_label:contains(Waiting for the card)");
  expect(server.retries.length).toBe(1);
  expect(server.retries[0].args).toEqual([[42]]);
  expect(server.retries[0].terminalId).toBe(7);
  expect(server.retries[0].requestId).toMatch(REQUEST_ID);
  expect(server.retries[0].requestId).not.toBe(server.starts[0].requestId);
  expect.verifySteps(["changed", "changed", "changed"]);
});

test("declined: back to amount and terminal", async () => {
  server.start = () => progressOf(DECLINED);
  await open();
  await click(PROCESS);
  await waitFor(RETRY);
  await click("button:contains(Change amount or terminal)");
  await waitFor("#nets_amount");
  expect("#nets_amount").toHaveValue("1,050.00");
  expect.verifySteps(["changed", "changed"]);
  await click(PROCESS);
  await waitFor(RETRY);
  expect(server.starts.map(({previousId}) => previousId)).toEqual([false, server.progress.id], {
    message: "all the rest of it is asked again",
  });
  expect.verifySteps(["changed", "changed"]);
});

test("waits before trying again where that makes no sense at once", async () => {
  server.start = () => progressOf({...DECLINED, label: "Terminal busy", retry_wait: 3});
  await open();
  await click(PROCESS);
  await waitFor("button:contains('Try again (3 s)')");
  expect(RETRY).not.toBeEnabled();
  await advanceTime(1000);
  await animationFrame();
  expect(RETRY).toHaveText("Try again (2 s)");
  expect(RETRY).not.toBeEnabled();
  await advanceTime(2000);
  await animationFrame();
  expect(RETRY).toHaveText("Try again");
  expect(RETRY).toBeEnabled();
  expect.verifySteps(["changed", "changed"]);
});

test("offers no other try where a person has to change something first", async () => {
  server.start = () => progressOf({...DECLINED, label: "Login refused", can_retry: false});
  await open();
  await click(PROCESS);
  await waitFor(".o_nets_label:contains(Login refused)");
  expect(queryAllTexts(".modal-footer button")).toEqual(["Close"]);
  expect.verifySteps(["changed", "changed"]);
});

test("what the till asked for is tried again there", async () => {
  server.progress = progressOf({...DECLINED, task: {type: "till"}});
  await open({transactionId: 42});
  expect(".o_nets_elsewhere").toHaveText("To try again, open the order in the till.");
  expect(queryAllTexts(".modal-footer button")).toEqual(["Close"]);
  expect.verifySteps(["changed"]);
});

test("aborting: until the call ended there is nothing else to press", async () => {
  await open({transactionId: 42});
  server.progress = progressOf(ABORTING);
  await click("button:contains(Abort)");
  await waitFor(".o_nets_label:contains(Aborting)");
  expect("button:contains(Abort again)").not.toBeEnabled();
  expect(queryAllTexts(".modal-footer button")).toEqual(["Close", "Abort again"]);
  server.progress = progressOf({...ABORTING, abort: "possible"});
  await advanceTime(POLL_INTERVAL);
  await animationFrame();
  expect("button:contains(Abort again)").toBeEnabled();
  server.progress = progressOf({...DECLINED, state: "aborted", label: "Aborted"});
  await advanceTime(POLL_INTERVAL);
  await animationFrame();
  expect(".o_nets_label").toHaveText("Aborted");
  expect.verifySteps(["changed"]);
});

describe("an abort that is answered late", () => {
  let late = null;

  /** Abort a payment that ends before the answer is there. */
  async function abortLate() {
    late = Promise.withResolvers();
    server.abort = async () => {
      await late.promise;
      return progressOf(ABORTING);
    };
    await open({transactionId: 42});
    await click("button:contains(Abort)");
    server.progress = progressOf(DECLINED);
    await advanceTime(POLL_INTERVAL);
    await waitFor(".o_nets_label:contains(Insufficient funds)");
  }

  async function answer() {
    late.resolve();
    await animationFrame();
    await animationFrame();
  }

  test("after the payment has ended, it changes nothing", async () => {
    await abortLate();
    await answer();
    expect(".o_nets_label").toHaveText("Insufficient funds");
    expect.verifySteps(["changed"]);
  });

  test("after the next one began, that one is followed", async () => {
    await abortLate();
    server.progress = progressOf({id: 43});
    await click("button:contains(Try again)");
    await waitFor(".o_nets_label:contains(Waiting for the card)");
    await answer();
    expect(".o_nets_label").toHaveText("Waiting for the card");
    server.progress = progressOf({...UNKNOWN, id: 43});
    await advanceTime(POLL_INTERVAL);
    await waitFor(".o_nets_label:contains(Connection interrupted)");
    expect.verifySteps(["changed", "changed"]);
  });
});

test("an abort that doesn't reach Odoo says what to do", async () => {
  await open({transactionId: 42});
  server.abort = () => {
    throw makeServerError({type: "UserError", message: "You may not use card terminals."});
  };
  await click("button:contains(Abort)");
  await waitFor(".alert-danger:contains(You may not use card terminals.)");
});

test("unknown: the result is fetched, and nothing can be charged", async () => {
  server.progress = progressOf(UNKNOWN);
  await open({transactionId: 42});
  expect(".o_nets_label").toHaveText("Connection interrupted");
  expect(queryAllTexts(".modal-footer button")).toEqual(["Close"]);
  expect(".modal-body").toHaveText(/the payment goes on/);
  server.progress = progressOf(DECLINED);
  await advanceTime(POLL_INTERVAL);
  await animationFrame();
  expect(".o_nets_label").toHaveText("Insufficient funds");
  expect.verifySteps(["changed"]);
});

test("a wait that the rules ask for has an end, counted down", async () => {
  server.progress = progressOf({...UNKNOWN, known_in: 200});
  await open({transactionId: 42});
  expect(".o_nets_known_by").toHaveText(/^Known by \d\d:\d\d at the latest \(3:20\)$/);
  expect(".o_nets_known_by [aria-hidden]").toHaveText(/3:20/, {
    message: "it isn't read out each second",
  });
  server.progress = progressOf({...UNKNOWN, known_in: 190});
  await advanceTime(10_000);
  expect(".o_nets_known_by").toHaveText(/\(3:10\)$/);
  server.progress = progressOf(DECLINED);
  await advanceTime(POLL_INTERVAL);
  await animationFrame();
  expect(".o_nets_known_by").toHaveCount(0);
  expect.verifySteps(["changed"]);
});

test("so has the wait for an earlier payment on the terminal", async () => {
  server.start = () => ({waiting: true, label: "Wait", explanation: "", advice: "", known_in: 65});
  await open();
  await click(PROCESS);
  await waitFor(".o_nets_known_by:contains((1:05))");
});

test("a payment that is running already is shown, not started again", async () => {
  server.payment = paymentOf({transaction_id: 42});
  await open({task: makeTask({...PAYMENT, start: true})});
  expect(".o_nets_label").toHaveText("Waiting for the card");
  expect(server.starts).toEqual([]);
});

test("in one step on the usual terminal", async () => {
  await open({task: makeTask({...PAYMENT, start: true})});
  await waitFor(".o_nets_label");
  expect(server.starts.length).toBe(1);
  expect(server.starts[0].args).toEqual([[5], 1050, 7]);
  expect.verifySteps(["changed"]);
});

test("in one step only where the terminal is clear", async () => {
  server.payment = paymentOf({has_usual_terminal: false});
  await open({task: makeTask({...PAYMENT, start: true})});
  expect(PROCESS).toBeEnabled();
  expect(server.starts).toEqual([]);
});

test("without a terminal nothing can be charged", async () => {
  server.payment = paymentOf({terminal_id: false, has_usual_terminal: false, terminals: []});
  await open();
  expect(PROCESS).not.toBeEnabled();
});

test("a closed dialog asks no more", async () => {
  let asked = 0;
  onRpc("nets.transaction", "read_progress", () => {
    asked++;
    return [progressOf()];
  });
  const env = await makeDialogMockEnv();
  const dialog = await mountWithCleanup(CardDialog, {
    env,
    props: {
      task: makeTask(PAYMENT),
      transactionId: 42,
      onChanged: () => undefined,
      close: () => undefined,
    },
  });
  destroy(dialog);
  const before = asked;
  await advanceTime(5 * POLL_INTERVAL);
  expect(asked).toBe(before);
});

describe("signature", () => {
  const ACCEPT = "button:contains(The signature is right)";
  const DECLINE = "button:contains(Not right: reverse the payment)";
  const UNSIGNED = {
    ...APPROVED,
    look: "signature",
    label: "Check the signature",
    signature: "required",
    paper: "Cardholder signature",
  };

  beforeEach(() => {
    server.signed = () => progressOf(APPROVED);
    server.signatures = [];
    onRpc("nets.transaction", "sign", async ({args}) => {
      server.signatures.push(args);
      return [await server.signed()];
    });
    mockService("notification", {add: (_text, {title}) => expect.step(title)});
  });

  test("the dialog stays open with the receipt until it is accepted", async () => {
    await open();
    await click(PROCESS);
    await waitFor(".o_nets_label:contains(Waiting for the card)");
    server.progress = progressOf(UNSIGNED);
    await advanceTime(POLL_INTERVAL);
    await waitFor(".o_nets_label:contains(Check the signature)");
    expect(".o_nets_paper").toHaveText("Cardholder signature");
    expect(queryAllTexts(".modal-footer button")).toEqual([
      "The signature is right",
      "Not right: reverse the payment",
      "Close",
    ]);
    await click(ACCEPT);
    await animationFrame();
    await animationFrame();
    expect(server.signatures.length).toBe(1);
    const [[ids, accepted, requestId]] = server.signatures;
    expect([ids, accepted]).toEqual([[42], true]);
    expect(requestId).toMatch(REQUEST_ID);
    expect.verifySteps(["changed", "changed", "changed", "changed", "Successful", "close"]);
  });

  test("declined, the reversal is followed, held while the terminal isn't free", async () => {
    const waiting = {waiting: true, label: "An earlier payment is being resolved"};
    server.progress = progressOf(UNSIGNED);
    server.signed = () => waiting;
    await open({transactionId: 42});
    await click(DECLINE);
    await waitFor("h2:contains(An earlier payment is being resolved)");
    const reversal = {id: 43, kind: "reversal", task: {type: "reversal", refund_of_id: 42}};
    server.progress = progressOf({...reversal, label: "Reversing the payment…", abort: ""});
    server.signed = () => server.progress;
    await advanceTime(2000);
    await waitFor(".o_nets_label:contains(Reversing the payment)");
    const requests = server.signatures.map(([, , requestId]) => requestId);
    expect(requests.length).toBe(2);
    expect(new Set(requests).size).toBe(1);
    server.progress = progressOf({...APPROVED, ...reversal, label: "Reversed"});
    await advanceTime(POLL_INTERVAL);
    await animationFrame();
    expect.verifySteps(["changed", "changed", "changed", "Reversed", "close"]);
  });

  test("once declined, it can only be reversed", async () => {
    server.progress = progressOf({...UNSIGNED, label: "Signature declined", signature: "declined"});
    await open({transactionId: 42});
    expect(ACCEPT).toHaveCount(0);
    expect(DECLINE).toBeEnabled();
    expect.verifySteps(["changed"]);
  });

  test("what somebody else says of it is seen", async () => {
    server.progress = progressOf(UNSIGNED);
    await open({transactionId: 42});
    server.progress = progressOf({...APPROVED, version: 6});
    MockServer.env["bus.bus"]._sendone("broadcast", "nets_connect_cloud", {transaction_id: 42});
    await waitFor(".o_nets_label:contains(Successful)");
    expect.verifySteps(["changed", "changed", "Successful", "close"]);
  });
});

describe("refund", () => {
  const REFUND = {type: "refund", refund_of_id: 9, invoice_id: 5};
  const refund = (values) => progressOf({kind: "refund", task: REFUND, ...values});

  beforeEach(() => {
    server.refund = paymentOf({
      amount: -1050,
      left: 1050,
      card: "Visa •••• 1234",
      credit_notes: [{id: 77, name: "RINV/1", left: 300, left_formatted: "$ 300.00"}],
      credit_note_id: false,
    });
    server.refunds = [];
    onRpc("nets.transaction", "refund_data", ({args, kwargs}) => {
      expect(args).toEqual([[9]]);
      server.reversal = Boolean(kwargs.reversal);
      return server.refund;
    });
    onRpc("nets.transaction", "start_refund", ({args, kwargs}) => {
      const {credit_note_id: creditNoteId, invoice_id: invoiceId} = kwargs;
      server.refunds.push({args, creditNoteId, invoiceId});
      return [refund(server.answer)];
    });
    onRpc("nets.transaction", "start_reversal", ({args}) => {
      server.refunds.push({args});
      return [refund({kind: "reversal", task: {...REFUND, type: "reversal"}})];
    });
  });

  const openRefund = (values = {}) => open({task: makeTask({...REFUND, ...values})});

  test("the amount is negative, also where it is entered without a sign", async () => {
    await openRefund();
    expect("#nets_amount").toHaveValue("-1,050.00");
    expect(".modal-body").toHaveText(/Visa •••• 1234: \$ 1,050.00 left to refund/);
    await contains("#nets_amount").edit("40", {confirm: "blur"});
    expect("#nets_amount").toHaveValue("-40.00");
    await click(PROCESS);
    await waitFor(".o_nets_label");
    expect(server.refunds).toEqual([{args: [[9], -40, 7], creditNoteId: false, invoiceId: 5}]);
    expect.verifySteps(["changed"]);
  });

  test("a credit note bounds the amount, and goes with the request", async () => {
    await openRefund();
    await click("#nets_credit_note_77");
    await animationFrame();
    expect("#nets_amount").toHaveValue("-300.00");
    await click(PROCESS);
    await waitFor(".o_nets_label");
    expect(server.refunds[0].creditNoteId).toBe(77);
    expect.verifySteps(["changed"]);
  });

  test("back from a failure to the same refund", async () => {
    server.answer = DECLINED;
    await openRefund();
    await click(PROCESS);
    await waitFor(RETRY);
    await click("button:contains(Change amount or terminal)");
    await waitFor("#nets_amount");
    expect("#nets_amount").toHaveValue("-1,050.00");
    expect.verifySteps(["changed", "changed"]);
  });

  test("a reversal has nothing to choose", async () => {
    await openRefund({type: "reversal"});
    expect(server.reversal).toBe(true);
    expect("#nets_amount").not.toBeEnabled();
    expect("#nets_terminal").not.toBeEnabled();
    expect("input[type=radio]").toHaveCount(0);
    await click("button:contains(Reverse)");
    await waitFor(".o_nets_label");
    expect(server.refunds).toEqual([{args: [[9]]}]);
    expect.verifySteps(["changed"]);
  });
});

test("shows what the terminal shows", async () => {
  server.progress = progressOf({display: "INSERT CARD"});
  await open();
  await click(PROCESS);
  await waitFor(".o_nets_display:contains(INSERT CARD)");
  server.progress = progressOf(DECLINED);
  await advanceTime(POLL_INTERVAL);
  await waitFor(".o_nets_label:contains(Insufficient funds)");
  expect(".o_nets_display").toHaveCount(0);
  expect.verifySteps(["changed", "changed"]);
});
