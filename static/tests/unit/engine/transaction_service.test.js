import {
  MockServer,
  getService,
  makeMockEnv,
  onRpc,
  patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {APPROVED, DECLINED, UNBOOKED, UNKNOWN, progressOf, defineBackend} from "../helpers";
import {Deferred, advanceTime, animationFrame} from "@odoo/hoot-mock";
import {POLL_INTERVAL} from "@nets_connect_cloud/common/transaction_service";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {waitUntil} from "@odoo/hoot-dom";

describe.current.tags("headless");
defineBackend();

let answer = null;
let asked = 0;

beforeEach(() => {
  answer = () => progressOf();
  asked = 0;
  onRpc("nets.transaction", "read_progress", async ({args}) => {
    asked++;
    expect(args[0]).toEqual([42]);
    return [await answer()];
  });
});

async function startWatching() {
  await makeMockEnv();
  const seen = [];
  const watcher = getService("nets_transaction").watch(42, (progress) => seen.push(progress.state));
  await animationFrame();
  return {seen, watcher};
}

function tell(transactionId) {
  MockServer.env["bus.bus"]._sendone("broadcast", "nets_connect_cloud", {
    transaction_id: transactionId,
  });
}

test("asks at once, then every few seconds, until it is finished", async () => {
  const {seen} = await startWatching();
  expect(seen).toEqual(["pending"]);
  await advanceTime(POLL_INTERVAL);
  expect(seen).toEqual(["pending", "pending"]);
  answer = () => progressOf(UNKNOWN);
  await advanceTime(POLL_INTERVAL);
  answer = () => progressOf(APPROVED);
  await advanceTime(POLL_INTERVAL);
  expect(seen).toEqual(["pending", "pending", "unknown", "approved"]);
  await advanceTime(10 * POLL_INTERVAL);
  expect(asked).toBe(4, {message: "nobody asks after the end"});
});

test("goes on until a charge is booked", async () => {
  answer = () => progressOf(UNBOOKED);
  const {seen} = await startWatching();
  answer = () => progressOf(APPROVED);
  await advanceTime(POLL_INTERVAL);
  await advanceTime(POLL_INTERVAL);
  expect(seen).toEqual(["approved", "approved"]);
});

test("a bus message makes it ask at once", async () => {
  const {seen} = await startWatching();
  answer = () => progressOf(DECLINED);
  tell(42);
  await waitUntil(() => seen.length === 2);
  expect(seen).toEqual(["pending", "failed"]);
});

test("after the end a message makes it ask once more: somebody may have signed", async () => {
  answer = () => progressOf({...APPROVED, signature: "required"});
  const {seen, watcher} = await startWatching();
  await advanceTime(10 * POLL_INTERVAL);
  expect(asked).toBe(1);
  tell(42);
  await waitUntil(() => seen.length === 2);
  watcher.stop();
  tell(42);
  await animationFrame();
  expect(asked).toBe(2);
});

test("a message about another transaction doesn't", async () => {
  await startWatching();
  const heard = new Deferred();
  getService("bus_service").subscribe("nets_connect_cloud", () => heard.resolve());
  tell(43);
  await heard;
  await animationFrame();
  expect(asked).toBe(1);
});

test("survives a lost connection to Odoo", async () => {
  const {seen} = await startWatching();
  answer = () => {
    throw new Error("no connection");
  };
  await advanceTime(POLL_INTERVAL);
  await advanceTime(POLL_INTERVAL);
  expect(asked).toBe(3);
  expect(seen).toEqual(["pending"]);
  answer = () => progressOf(APPROVED);
  await advanceTime(POLL_INTERVAL);
  expect(seen).toEqual(["pending", "approved"]);
});

test("a slow answer is waited for, not asked for again", async () => {
  const {seen, watcher} = await startWatching();
  const slow = new Deferred();
  answer = () => slow;
  await advanceTime(POLL_INTERVAL);
  await advanceTime(3 * POLL_INTERVAL);
  watcher.ask();
  expect(asked).toBe(2);
  slow.resolve(progressOf(APPROVED));
  await waitUntil(() => seen.length === 2);
  expect(asked).toBe(2);
});

test("is silent after it was stopped, also when an answer is still on its way", async () => {
  const {seen, watcher} = await startWatching();
  const slow = new Deferred();
  answer = () => slow;
  await advanceTime(POLL_INTERVAL);
  watcher.stop();
  slow.resolve(progressOf(APPROVED));
  await animationFrame();
  await advanceTime(5 * POLL_INTERVAL);
  tell(42);
  await animationFrame();
  expect(seen).toEqual(["pending"]);
  expect(asked).toBe(2);
});

test("subscribes to a channel as long as somebody listens to it", async () => {
  await makeMockEnv();
  patchWithCleanup(getService("bus_service"), {
    addChannel: (channel) => expect.step(`add ${channel}`),
    deleteChannel: (channel) => expect.step(`delete ${channel}`),
  });
  const {listen} = getService("nets_transaction");
  const leaveFirst = listen("nets_connect_cloud.invoice_5", () => undefined);
  const leaveSecond = listen("nets_connect_cloud.invoice_5", () => undefined);
  const leaveOther = listen("nets_connect_cloud.invoice_6", () => undefined);
  leaveFirst();
  expect.verifySteps(["add nets_connect_cloud.invoice_5", "add nets_connect_cloud.invoice_6"]);
  leaveSecond();
  leaveOther();
  expect.verifySteps([
    "delete nets_connect_cloud.invoice_5",
    "delete nets_connect_cloud.invoice_6",
  ]);
});
