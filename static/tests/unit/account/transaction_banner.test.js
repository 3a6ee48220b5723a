import {APPROVED, UNKNOWN, progressOf, defineBackend, waitFor, waitUntil} from "../helpers";
import {
  MockServer,
  getMockEnv,
  getService,
  mockService,
  mountWithCleanup,
  onRpc,
} from "@web/../tests/web_test_helpers";
import {advanceTime, animationFrame} from "@odoo/hoot-mock";
import {after, beforeEach, describe, expect, test} from "@odoo/hoot";
import {click} from "@odoo/hoot-dom";
import {CHANGED, seen} from "@nets_connect_cloud/engine/card_dialog";
import {FIRST_CHECK} from "@nets_connect_cloud/common/transaction_service";
import {TransactionBanner} from "@nets_connect_cloud/account/transaction_banner";
import {user} from "@web/core/user";

describe.current.tags("desktop");
defineBackend();

let progress = null;

beforeEach(() => {
  Object.assign(seen, {dialogs: 0, progress: null});
  progress = progressOf();
  onRpc("nets.transaction", "read_progress", () => [progress]);
});

async function mountBanner(transactionId, {dirty = false} = {}) {
  const record = {
    resId: 5,
    data: {nets_open_transaction_id: transactionId ? {id: transactionId} : false},
    loads: 0,
    answer: Promise.resolve(),
    isDirty: () => Promise.resolve(dirty),
    load: () => {
      record.loads++;
      return record.answer;
    },
  };
  await mountWithCleanup(TransactionBanner, {props: {record, readonly: false}});
  await animationFrame();
  return record;
}

function tellInvoice(news = {}) {
  MockServer.env["bus.bus"]._sendone("broadcast", "nets_connect_cloud", {
    transaction_id: 43,
    invoice_id: 5,
    told_user_id: false,
    ...news,
  });
}

/** What was told before has arrived: messages keep their order. */
async function allHeard() {
  const heard = Promise.withResolvers();
  getService("bus_service").subscribe("heard", heard.resolve);
  MockServer.env["bus.bus"]._sendone("broadcast", "heard", {});
  await heard.promise;
  await animationFrame();
}

test("nothing is shown where nothing runs", async () => {
  await mountBanner(false);
  expect(".o_nets_banner").toHaveCount(0);
});

test("says what the terminal is doing, and leads to the dialog", async () => {
  mockService("action", {
    doAction: (action) => expect.step([action.tag, action.params.transaction_id].join(" ")),
  });
  await mountBanner(42);
  expect(".o_nets_banner").toHaveText(
    /Card payment of \$ 250\.00 on Front desk: Waiting for the card/
  );
  await click(".o_nets_banner button");
  expect.verifySteps(["nets_connect_cloud.card_dialog 42"]);
});

test("the invoice is fetched again when it has ended", async () => {
  const record = await mountBanner(42);
  expect(record.loads).toBe(0);
  progress = progressOf(APPROVED);
  await advanceTime(FIRST_CHECK);
  await waitUntil(() => record.loads === 1);
  expect(".o_nets_banner").toHaveText(/Successful/);
});

test("what is said of a signature after the end is followed, too", async () => {
  progress = progressOf({
    ...APPROVED,
    version: 2,
    label: "Check the signature",
    signature: "required",
  });
  const record = await mountBanner(42);
  await waitUntil(() => record.loads === 1);
  await allHeard();
  expect(".o_nets_banner").toHaveText(/Check the signature/);
  progress = {...progress, version: 3, label: "Signature declined", signature: "declined"};
  tellInvoice({transaction_id: 42});
  await waitFor(".o_nets_banner:contains(Signature declined)");
});

test("a reversal that failed leaves the payment as it is now, and not as it was meanwhile", async () => {
  progress = progressOf({...APPROVED, version: 3});
  const record = await mountBanner(42);
  await waitUntil(() => record.loads === 1);
  await allHeard();
  expect(".o_nets_banner").toHaveText(/Successful/);
  progress = {...progress, version: 5, label: "Signature declined", signature: "required"};
  tellInvoice({transaction_id: 43});
  await waitFor(".o_nets_banner:contains(Signature declined)");
});

test("what a person is typing is not overwritten", async () => {
  const record = await mountBanner(42, {dirty: true});
  progress = progressOf(APPROVED);
  await advanceTime(FIRST_CHECK);
  await waitFor(".o_nets_banner:contains(Successful)");
  expect(record.loads).toBe(0);
});

test("somebody else's payment of the same invoice is noticed", async () => {
  const record = await mountBanner(false);
  tellInvoice();
  await waitUntil(() => record.loads === 1);
  expect(record.loads).toBe(1);
});

test("news of other invoices, and of this one where the dialog above shows it, isn't read", async () => {
  const record = await mountBanner(false);
  tellInvoice({invoice_id: 6});
  seen.dialogs++;
  after(() => seen.dialogs--);
  tellInvoice({told_user_id: user.userId});
  await allHeard();
  expect(record.loads).toBe(0);
  tellInvoice();
  await waitUntil(() => record.loads === 1);
});

test("who asks for it in the same moment shares one answer", async () => {
  const record = await mountBanner(false);
  const first = Promise.withResolvers();
  record.answer = first.promise;
  tellInvoice();
  await waitUntil(() => record.loads === 1);
  tellInvoice();
  getMockEnv().bus.dispatchEvent(new CustomEvent(CHANGED, {cancelable: true}));
  tellInvoice({transaction_id: 44});
  // a message that comes after the answer is read for again, and rightly so
  await allHeard();
  expect(record.loads).toBe(1);
  first.resolve();
  await waitUntil(() => record.loads === 2);
  await animationFrame();
  expect(record.loads).toBe(2, {message: "that one may have come after the answer"});
});

test("what a dialog shows isn't said behind it, nor once it was seen to its end", async () => {
  await mountBanner(42);
  expect(".o_nets_banner").toHaveCount(1);
  seen.dialogs++;
  await animationFrame();
  expect(".o_nets_banner").toHaveCount(0);
  seen.progress = progressOf(UNKNOWN);
  seen.dialogs--;
  await animationFrame();
  expect(".o_nets_banner").toHaveCount(1);
  seen.progress = progressOf(APPROVED);
  await animationFrame();
  expect(".o_nets_banner").toHaveCount(0);
  seen.progress = progressOf({...APPROVED, signature: "required"});
  await animationFrame();
  expect(".o_nets_banner").toHaveCount(1, {message: "somebody still has to look at it"});
  seen.progress = progressOf({...APPROVED, id: 41});
  await animationFrame();
  expect(".o_nets_banner").toHaveCount(1, {message: "another one's end says nothing of this one"});
});
