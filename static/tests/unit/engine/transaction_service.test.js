import {
  MockServer,
  getMockEnv,
  getService,
  makeMockEnv,
  onRpc,
  patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {
  APPROVED,
  DECLINED,
  UNBOOKED,
  UNKNOWN,
  defineBackend,
  progressOf,
  startBus,
  withoutBus,
  waitUntil,
} from "../helpers";
import {Deferred, advanceTime, animationFrame} from "@odoo/hoot-mock";
import {
  FIRST_CHECK,
  LAST_CHECK,
  POLL_INTERVAL,
} from "@nets_connect_cloud/common/transaction_service";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {user} from "@web/core/user";

describe.current.tags("headless");
defineBackend();

let answer = null;
let asked = 0;

beforeEach(() => {
  answer = () => progressOf();
  asked = 0;
  onRpc("nets.transaction", "read_progress", async ({args}) => {
    asked++;
    return [await answer(args[0][0])];
  });
});

/** Start a page that hears the bus. */
async function startPage() {
  await startBus(await makeMockEnv());
}

async function startWatching(options) {
  await startPage();
  const seen = [];
  const watcher = getService("nets_transaction").watch(
    42,
    (progress) => seen.push(progress.state),
    options
  );
  await animationFrame();
  return {seen, watcher};
}

function tell(transactionId, news = {}) {
  MockServer.env["bus.bus"]._sendone("broadcast", "nets_connect_cloud", {
    transaction_id: transactionId,
    told_user_id: false,
    ...news,
  });
}

/** Wait until everything that was told is there. */
async function heard() {
  const last = new Deferred();
  getService("bus_service").subscribe("nets_connect_cloud", ({transaction_id: id}) => {
    if (id === 99) {
      last.resolve();
    }
  });
  tell(99);
  await last;
  await animationFrame();
}

function loseBus() {
  const {bus_service: bus} = getMockEnv().services;
  withoutBus(getMockEnv());
  bus.trigger("BUS:DISCONNECT");
}

test("without a bus it asks every few seconds, until it is finished", async () => {
  const {seen} = await startWatching();
  expect(seen).toEqual(["pending"]);
  loseBus();
  await animationFrame();
  expect(seen).toEqual(["pending", "pending"], {message: "at once: something may be missed"});
  answer = () => progressOf(UNKNOWN);
  await advanceTime(POLL_INTERVAL);
  answer = () => progressOf(APPROVED);
  await advanceTime(POLL_INTERVAL);
  expect(seen).toEqual(["pending", "pending", "unknown", "approved"]);
  await advanceTime(10 * LAST_CHECK);
  expect(asked).toBe(4, {message: "nobody asks after the end"});
});

test("with a bus it asks rarely, and ever more rarely", async () => {
  const {seen} = await startWatching({known: progressOf()});
  expect(asked).toBe(0, {message: "it is known"});
  await advanceTime(FIRST_CHECK - 1000);
  expect(asked).toBe(0);
  await advanceTime(1000);
  expect(asked).toBe(1);
  await advanceTime(FIRST_CHECK);
  expect(asked).toBe(1);
  await advanceTime(FIRST_CHECK);
  expect(asked).toBe(2);
  for (let minute = 0; minute < 60; minute++) {
    await advanceTime(LAST_CHECK);
  }
  expect(asked).toBeWithin(55, 65);
  expect(seen).toEqual(Array(asked).fill("pending"));
});

test("asks at once when the bus is back", async () => {
  await startWatching({known: progressOf()});
  getService("bus_service").trigger("BUS:RECONNECT");
  await animationFrame();
  expect(asked).toBe(1);
});

test("goes on until a charge is booked", async () => {
  answer = () => progressOf(UNBOOKED);
  const {seen} = await startWatching();
  answer = () => progressOf(APPROVED);
  await advanceTime(FIRST_CHECK);
  await advanceTime(LAST_CHECK);
  expect(seen).toEqual(["approved", "approved"]);
});

test("what a message brings isn't asked for", async () => {
  const {seen} = await startWatching({known: progressOf({version: 1})});
  tell(42, {progress: progressOf({...DECLINED, version: 2})});
  tell(42, {told_user_id: user.userId});
  await waitUntil(() => seen.length === 1);
  await heard();
  expect(seen).toEqual(["failed"]);
  await advanceTime(LAST_CHECK);
  expect(asked).toBe(0);
});

test("what was said at the end isn't said again", async () => {
  answer = () => progressOf(APPROVED);
  const {seen, watcher} = await startWatching();
  await watcher.ask();
  expect(asked).toBe(2);
  expect(seen).toEqual(["approved"]);
});

test("news that was overtaken is dropped", async () => {
  const {seen} = await startWatching({known: progressOf({version: 1})});
  tell(42, {progress: progressOf({...APPROVED, version: 4})});
  tell(42, {progress: progressOf({version: 3})});
  await heard();
  expect(seen).toEqual(["approved"]);
});

test("so is an answer that was overtaken", async () => {
  const slow = new Deferred();
  answer = () => slow;
  const {seen} = await startWatching();
  tell(42, {progress: progressOf({...APPROVED, version: 4})});
  await waitUntil(() => seen.length === 1);
  slow.resolve(progressOf({version: 3}));
  await animationFrame();
  expect(seen).toEqual(["approved"]);
});

test("news that is late, lost, doubled and overtaken never shows what was before, and the end comes", async () => {
  await startPage();
  const {watch} = getService("nets_transaction");
  const steps = [progressOf({version: 1}), progressOf({...UNKNOWN, version: 2})];
  steps.push(progressOf({...UNBOOKED, version: 3}), progressOf({...APPROVED, version: 4}));
  // each of them lost, told once, or twice, in any order: 3^4 times some orders
  for (let number = 0; number < 81; number++) {
    const counts = steps.map((_step, index) => Math.floor(number / 3 ** index) % 3);
    const told = steps.flatMap((step, index) => Array(counts[index]).fill(step));
    const turn = (number * 7) % (told.length || 1);
    const order = [...told.slice(turn), ...told.slice(0, turn)];
    if (number % 2) {
      order.reverse();
    }
    let current = steps[0];
    answer = (askedId) => ({...current, id: askedId});
    const seen = [];
    const id = 1000 + number;
    const known = progressOf({id});
    const watcher = watch(id, ({version}) => seen.push(version), {known});
    for (const step of order) {
      tell(id, {progress: {...step, id}});
      if (number % 5 === 0) {
        // asked in between, and answered with what was there then
        watcher.ask();
      }
      current = step.version > current.version ? step : current;
    }
    current = steps[3];
    await heard();
    for (let minute = 0; seen.at(-1) !== 4 && minute < 3; minute++) {
      await advanceTime(LAST_CHECK);
    }
    watcher.stop();
    expect(seen).toEqual([...seen].sort(), {message: `case ${number}`});
    expect(seen.at(-1)).toBe(4, {message: `case ${number}`});
  }
});

test("news that was faster than the answer to the press counts", async () => {
  await startPage();
  tell(42, {progress: progressOf({...DECLINED, version: 2})});
  await heard();
  const {watch} = getService("nets_transaction");
  const seen = [];
  watch(42, (progress) => seen.push(progress.state), {known: progressOf({version: 1})});
  await animationFrame();
  expect(seen).toEqual(["failed"]);
  expect(asked).toBe(0);
});

test("a bus message without them makes it ask at once", async () => {
  const {seen} = await startWatching();
  answer = () => progressOf(DECLINED);
  tell(42);
  await waitUntil(() => seen.length === 2);
  expect(seen).toEqual(["pending", "failed"]);
});

test("after the end a message makes it ask once more: somebody may have signed", async () => {
  answer = () => progressOf({...APPROVED, signature: "required"});
  const {seen, watcher} = await startWatching();
  answer = () => progressOf({...APPROVED, version: 6});
  await advanceTime(LAST_CHECK);
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
  tell(43);
  await heard();
  expect(asked).toBe(1);
});

test("survives a lost connection to Odoo", async () => {
  const {seen} = await startWatching();
  answer = () => {
    throw new Error("no connection");
  };
  await advanceTime(FIRST_CHECK);
  await advanceTime(POLL_INTERVAL);
  expect(asked).toBe(3, {message: "soon again"});
  expect(seen).toEqual(["pending"]);
  answer = () => progressOf(APPROVED);
  await advanceTime(POLL_INTERVAL);
  expect(seen).toEqual(["pending", "approved"]);
});

test("a slow answer is waited for, not asked for again", async () => {
  const {seen, watcher} = await startWatching();
  const slow = new Deferred();
  answer = () => slow;
  await advanceTime(FIRST_CHECK);
  await advanceTime(LAST_CHECK);
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
  await advanceTime(FIRST_CHECK);
  watcher.stop();
  slow.resolve(progressOf(APPROVED));
  await animationFrame();
  await advanceTime(5 * LAST_CHECK);
  tell(42);
  await heard();
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
  const none = () => false;
  const leaveFirst = listen("nets_connect_cloud.invoice_5", none, none);
  const leaveSecond = listen("nets_connect_cloud.invoice_5", none, none);
  const leaveOther = listen("nets_connect_cloud.invoice_6", none, none);
  leaveFirst();
  expect.verifySteps(["add nets_connect_cloud.invoice_5", "add nets_connect_cloud.invoice_6"]);
  leaveSecond();
  leaveOther();
  expect.verifySteps([
    "delete nets_connect_cloud.invoice_5",
    "delete nets_connect_cloud.invoice_6",
  ]);
});
