/** What a page does for the server: it claims, sends, hands on, and concludes nothing. */

import {APPROVED, FakeSocket, LAST, WHERE, response, shows} from "./helpers";
import {advanceTime, animationFrame} from "@odoo/hoot-mock";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {
  AWAY_TIME,
  AgentDesk,
  BEAT_INTERVAL,
  REPEAT_INTERVAL,
} from "@nets_connect_cloud/common/agent_desk";
import {ConnectionLostError, RPCError} from "@web/core/network/rpc";
import {AgentDriver} from "@nets_connect_cloud/common/agent/driver";
import {browser} from "@web/core/browser/browser";
import {defineBackend} from "../helpers";

describe.current.tags("desktop");
defineBackend();

const REQUEST = {method: "transfer", transaction_type: 48, amount: 1000};
const JOB = {
  kind: "send",
  transaction_id: 12,
  terminal_id: 3,
  terminal: WHERE.terminal,
  address: WHERE.address,
  ecr_id: WHERE.ecrId,
  customer_timeout: 300,
  due_in: 0,
};
const LOOK_UP = {...JOB, kind: "look_up"};

let server = null;
let agent = null;
let desk = null;

beforeEach(() => {
  FakeSocket.reset();
  browser.localStorage.removeItem(`nets_connect_cloud.agent.address.${WHERE.terminal}`);
  browser.sessionStorage.removeItem("nets_connect_cloud.agent.held");
  // what the agent says to what is sent
  agent = {last: LAST, transfer: [shows("INSERT CARD"), APPROVED], cancel: []};
  FakeSocket.onMade = (socket) => {
    socket.open();
    // as a network: never before what is sent was sent
    socket.onSent = async (text) => {
      await Promise.resolve();
      if (text.includes("<Open/>")) {
        socket.say(response("<Dfs13TerminalReady/>"));
      } else if (text.includes("12605")) {
        socket.say(agent.last);
      } else if (text.includes("12594")) {
        expect.step("12594");
        agent.cancel.forEach((said) => socket.say(said));
      } else if (text.includes("Dfs13TransferAmount")) {
        expect.step("transfer");
        agent.transfer.forEach((said) => socket.say(said));
      }
    };
  };
  server = {
    agent_claim: () => ({request: REQUEST, progress: {}}),
    agent_report: ({messages}) => ({done: messages.includes(APPROVED), progress: {}}),
    agent_beat: () => ({held: true, abort: false}),
    agent_abort_sent: () => null,
    agent_not_reached: () => [{}],
    agent_claim_lookup: () => true,
    agent_report_lookup: () => [{}],
    agent_jobs: () => [],
    calls: [],
  };
  desk = makeDesk();
});

function makeDesk() {
  const driver = new AgentDriver({WebSocket: FakeSocket, isSecurePage: false});
  return new AgentDesk({
    driver,
    call: async (method, args) => {
      server.calls.push([method, ...args]);
      const [, token, messages] = args;
      return server[method]({token, messages, args});
    },
  });
}

const called = (method) => server.calls.filter(([name]) => name === method);

async function settle(time = 0) {
  await animationFrame();
  await advanceTime(time);
  await animationFrame();
  await animationFrame();
}

test("what was pressed is claimed with what was last, sent, and reported as it came", async () => {
  desk.take({agent: JOB});
  await settle(1000);
  expect.verifySteps(["transfer"]);
  const [[, ids, token, device, messages]] = called("agent_claim");
  expect(ids).toEqual([12]);
  expect(token).toMatch(/^[0-9a-f]{48}$/);
  expect(device).not.toBe("");
  expect(messages).toEqual([LAST]);
  const reports = called("agent_report");
  expect(reports.length).toBe(1);
  expect(reports[0].slice(2)).toEqual([token, [shows("INSERT CARD"), APPROVED], false]);
  expect(desk.held.size).toBe(0);
});

test("an agent that doesn't say what was last is asked on a new connection", async () => {
  agent.last = response("<Dfs13DisplayText><Text>WELCOME</Text></Dfs13DisplayText>");
  desk.take({agent: JOB});
  await settle(1000);
  await settle(20000);
  expect.verifySteps(["transfer"]);
  expect(FakeSocket.all.length).toBe(2);
  expect(called("agent_claim").length).toBe(1);
});

test("a press is sent once, however often it is shown", async () => {
  desk.take({agent: JOB});
  desk.take({agent: JOB});
  desk.follow({id: 12, agent: JOB, look: "running"});
  await settle(1000);
  expect.verifySteps(["transfer"]);
  expect(called("agent_claim").length).toBe(1);
});

test("who only watches sends nothing", async () => {
  desk.follow({id: 12, agent: JOB, look: "running"});
  await settle(1000);
  expect(server.calls).toEqual([]);
});

test("nothing is sent where the server gives no request", async () => {
  server.agent_claim = () => ({request: null, progress: {}});
  desk.take({agent: JOB});
  await settle(1000);
  expect(called("agent_report")).toEqual([]);
});

test("an agent that isn't reached is told, and nothing is claimed", async () => {
  FakeSocket.onMade = (socket) => socket.drop();
  desk.take({agent: JOB});
  await settle(1000);
  expect(called("agent_not_reached")[0].slice(1, 3)).toEqual([[12], "refused"]);
  expect(called("agent_claim")).toEqual([]);
});

test("a claim whose answer is lost is asked for again, with the same token", async () => {
  let attempts = 0;
  server.agent_claim = () => {
    attempts++;
    if (attempts < 3) {
      throw new ConnectionLostError("");
    }
    return {request: REQUEST, progress: {}};
  };
  desk.take({agent: JOB});
  await settle();
  await settle(REPEAT_INTERVAL);
  await settle(REPEAT_INTERVAL);
  const tokens = called("agent_claim").map(([, , token]) => token);
  expect(new Set(tokens).size).toBe(1);
  expect(tokens.length).toBe(3);
  expect.verifySteps(["transfer"]);
});

test("a report is said until it is heard", async () => {
  let attempts = 0;
  server.agent_report = () => {
    attempts++;
    if (attempts < 4) {
      throw new ConnectionLostError("");
    }
    return {done: true, progress: {}};
  };
  desk.take({agent: JOB});
  await settle();
  for (let time = 0; time < 4; time++) {
    await settle(REPEAT_INTERVAL);
  }
  expect.verifySteps(["transfer"]);
  expect(called("agent_report").length).toBe(4);
  expect(desk.held.size).toBe(0);
});

test("a report that the server refuses isn't insisted on", async () => {
  server.agent_report = () => {
    const error = new RPCError();
    error.data = {name: "odoo.exceptions.AccessError"};
    throw error;
  };
  desk.take({agent: JOB});
  await settle(REPEAT_INTERVAL * 5);
  expect.verifySteps(["transfer"]);
  expect(called("agent_report").length).toBe(1);
});

test("what is not the end is listened past, and a lost connection is told", async () => {
  agent.transfer = [shows("INSERT CARD")];
  desk.take({agent: JOB});
  await settle();
  expect.verifySteps(["transfer"]);
  expect(desk.displays[12]).toBe("INSERT CARD");
  expect(called("agent_report")).toEqual([]);
  FakeSocket.last.drop();
  await settle(100);
  expect(called("agent_report")[0].slice(3)).toEqual([[shows("INSERT CARD")], true, "closed"]);
  expect(desk.displays[12]).toBe(undefined);
});

test("it beats, says what is shown, and stops the terminal when it is asked to", async () => {
  agent.transfer = [shows("INSERT CARD")];
  desk.take({agent: JOB});
  await settle();
  expect(called("agent_beat").at(-1)[3]).toBe("INSERT CARD");
  const beats = called("agent_beat").length;
  await settle(BEAT_INTERVAL);
  expect(called("agent_beat").length).toBe(beats + 1);
  server.agent_beat = () => ({held: true, abort: true});
  desk.follow({id: 12, agent: null, look: "aborting"});
  await settle();
  expect.verifySteps(["transfer", "12594"]);
  expect(called("agent_abort_sent").length).toBe(1);
});

test("a page that is left says so when the next one comes", async () => {
  agent.transfer = [shows("INSERT CARD")];
  desk.take({agent: JOB});
  await settle();
  expect.verifySteps(["transfer"]);
  const [[, , token]] = called("agent_claim");
  desk.leave();
  server.calls = [];
  const next = makeDesk();
  await next.arrive();
  expect(server.calls).toEqual([["agent_report", [12], token, [], true, "left"]]);
  await next.arrive();
  expect(server.calls.length).toBe(1, {message: "once"});
});

test("what got lost is looked up by whoever sees it", async () => {
  desk.follow({id: 12, agent: {...LOOK_UP, due_in: 3}, look: "unknown"});
  await settle(100);
  expect(server.calls).toEqual([], {message: "not yet"});
  desk.follow({id: 12, agent: LOOK_UP, look: "unknown"});
  await settle(1000);
  expect(called("agent_claim_lookup").length).toBe(1);
  const [[, ids, token, messages, reached]] = called("agent_report_lookup");
  expect([ids, messages, reached]).toEqual([[12], [LAST], true]);
  expect(token).toBe(called("agent_claim_lookup")[0][2]);
});

test("a lookup that another browser has is left to it", async () => {
  server.agent_claim_lookup = () => false;
  desk.follow({id: 12, agent: LOOK_UP, look: "unknown"});
  await settle(1000);
  expect(called("agent_report_lookup")).toEqual([]);
});

test("who can't reach the agent says so, and leaves it to others for a while", async () => {
  FakeSocket.onMade = (socket) => socket.drop();
  desk.follow({id: 12, agent: LOOK_UP, look: "unknown"});
  await settle(1000);
  expect(called("agent_report_lookup")[0].slice(3, 5)).toEqual([[], false]);
  desk.follow({id: 12, agent: LOOK_UP, look: "unknown"});
  await settle(1000);
  expect(called("agent_claim_lookup").length).toBe(1);
  await settle(AWAY_TIME);
  desk.follow({id: 12, agent: LOOK_UP, look: "unknown"});
  await settle(1000);
  expect(called("agent_claim_lookup").length).toBe(2);
});

test("a till that opens asks for what got lost on its terminals", async () => {
  server.agent_jobs = ({args}) => {
    expect(args).toEqual([[3]]);
    return [];
  };
  await desk.recover([
    {id: 3, type: "baxi_agent"},
    {id: 4, type: "connect_cloud"},
  ]);
  expect(called("agent_jobs").length).toBe(1);
  await desk.recover([{id: 4, type: "connect_cloud"}]);
  expect(called("agent_jobs").length).toBe(1);
});

test("a device may reach an agent at an address of its own", async () => {
  const key = `nets_connect_cloud.agent.address.${WHERE.terminal}`;
  browser.localStorage.setItem(key, "ws://192.168.1.20:9000");
  desk.take({agent: JOB});
  await settle(1000);
  expect.verifySteps(["transfer"]);
  expect(FakeSocket.last.address).toBe("ws://192.168.1.20:9000");
});
