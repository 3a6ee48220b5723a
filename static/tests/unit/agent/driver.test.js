import {AgentDriver, TEST_TIME} from "@nets_connect_cloud/common/agent/driver";
import {advanceTime, tick} from "@odoo/hoot-mock";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {FakeSocket, READY, WHERE, rejects, response, shows} from "./helpers";

describe.current.tags("headless");

beforeEach(() => FakeSocket.reset());

function makeDriver(...answers) {
  FakeSocket.onMade = (socket) => {
    socket.open();
    socket.onSent = () => Promise.resolve().then(() => socket.say(...answers));
  };
  return new AgentDriver({WebSocket: FakeSocket, isSecurePage: false});
}

async function look(driver, where = WHERE) {
  const seen = driver.test(where);
  for (let i = 0; i < 5; i++) {
    await tick();
  }
  await advanceTime(TEST_TIME + 1);
  return seen;
}

test("two agents on one computer are two sessions, and a till has one with each", async () => {
  const driver = makeDriver(response("<Dfs13TerminalReady/>", {terminal: "", ecrId: ""}));
  const other = {...WHERE, address: "ws://127.0.0.1:8913", terminal: "10000002"};
  expect(driver.session(WHERE)).toBe(driver.session({...WHERE}));
  expect(driver.session(other)).not.toBe(driver.session(WHERE));
  await driver.session(WHERE).open();
  await driver.session(other).open();
  expect(FakeSocket.all.map(({address}) => address)).toEqual([WHERE.address, other.address]);
});

test("a test says what is shown, which software it is, and leaves nothing open", async () => {
  const version = response("<Info><SoftwareVersion>1.4.2</SoftwareVersion></Info>");
  const driver = makeDriver(version, shows("Welcome"), READY);
  const seen = await look(driver);
  expect(seen).toEqual({
    opened: true,
    reason: "",
    code: "",
    info: "",
    displays: ["Welcome"],
    software: "1.4.2",
    messages: [version, shows("Welcome"), READY],
  });
  expect(driver.session(WHERE).state).toBe("closed");
});

test("a test says why it can't be opened", async () => {
  const seen = await look(makeDriver(rejects("9100", "Unauthorised")));
  expect([seen.opened, seen.reason, seen.code, seen.info]).toEqual([
    false,
    "rejected",
    "9100",
    "Unauthorised",
  ]);
  const wrong = await look(makeDriver(), {...WHERE, address: "nowhere"});
  expect([wrong.opened, wrong.reason]).toEqual([false, "address"]);
});

test("a test leaves alone what is in use", async () => {
  const driver = makeDriver(READY);
  const session = driver.session(WHERE);
  await session.open();
  const seen = await look(driver);
  expect(seen.opened).toBe(true);
  expect(session.state).toBe("ready");
  expect(FakeSocket.all).toHaveLength(1);
});
