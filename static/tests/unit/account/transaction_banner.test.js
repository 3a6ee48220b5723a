import {APPROVED, progressOf, defineBackend} from "../helpers";
import {MockServer, mockService, mountWithCleanup, onRpc} from "@web/../tests/web_test_helpers";
import {advanceTime, animationFrame} from "@odoo/hoot-mock";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {click, waitFor, waitUntil} from "@odoo/hoot-dom";
import {POLL_INTERVAL} from "@nets_connect_cloud/common/transaction_service";
import {TransactionBanner} from "@nets_connect_cloud/account/transaction_banner";

describe.current.tags("desktop");
defineBackend();

let progress = null;

beforeEach(() => {
  progress = progressOf();
  onRpc("nets.transaction", "read_progress", () => [progress]);
});

async function mountBanner(transactionId, {dirty = false} = {}) {
  const record = {
    resId: 5,
    data: {nets_open_transaction_id: transactionId ? {id: transactionId} : false},
    loads: 0,
    isDirty: () => Promise.resolve(dirty),
    load: () => {
      record.loads++;
      return Promise.resolve();
    },
  };
  await mountWithCleanup(TransactionBanner, {props: {record, readonly: false}});
  await animationFrame();
  return record;
}

function tellInvoice() {
  MockServer.env["bus.bus"]._sendone("broadcast", "nets_connect_cloud", {
    transaction_id: 43,
  });
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
  await advanceTime(POLL_INTERVAL);
  await waitUntil(() => record.loads === 1);
  expect(".o_nets_banner").toHaveText(/Successful/);
});

test("what a person is typing is not overwritten", async () => {
  const record = await mountBanner(42, {dirty: true});
  progress = progressOf(APPROVED);
  await advanceTime(POLL_INTERVAL);
  await waitFor(".o_nets_banner:contains(Successful)");
  expect(record.loads).toBe(0);
});

test("somebody else's payment of the same invoice is noticed", async () => {
  const record = await mountBanner(false);
  tellInvoice();
  await waitUntil(() => record.loads === 1);
  expect(record.loads).toBe(1);
});
