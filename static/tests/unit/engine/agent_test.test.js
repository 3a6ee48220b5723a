/** *Test* of a terminal's agent: what is wrong is said in words, with what to do. */

import {describe, expect, test} from "@odoo/hoot";
import {
  makeDialogMockEnv,
  mountWithCleanup,
  patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {AgentTest, explainTest} from "@nets_connect_cloud/engine/agent_test";
import {click, edit} from "@odoo/hoot-dom";
import {agentDesk} from "@nets_connect_cloud/common/agent_desk";
import {browser} from "@web/core/browser/browser";
import {defineBackend, waitFor} from "../helpers";

describe.current.tags("desktop");
defineBackend();

const TERMINAL = {
  id: 3,
  name: "Counter",
  identifier: "10000003",
  address: "ws://127.0.0.1:8010",
  ecr_id: "ODOO1",
};
const SEEN = {
  opened: true,
  reason: "",
  code: "",
  info: "",
  displays: ["WELCOME"],
  software: "2.1",
  messages: [],
};

async function open(answer) {
  browser.localStorage.removeItem("nets_connect_cloud.agent.address.10000003");
  patchWithCleanup(agentDesk, {
    driver: {
      test: async (where) => {
        expect.step(where.address);
        return answer(where);
      },
    },
  });
  const env = await makeDialogMockEnv();
  await mountWithCleanup(AgentTest, {env, props: {terminal: TERMINAL, close: () => undefined}});
}

test("shows what the terminal displays, and its software", async () => {
  await open(() => SEEN);
  await waitFor("h2:contains(The agent answers)");
  expect(".o_nets_display").toHaveText("WELCOME");
  expect("p:contains(Software: 2.1)").toHaveCount(1);
  expect.verifySteps(["ws://127.0.0.1:8010"]);
});

test("each reason is said in words of its own", async () => {
  await makeDialogMockEnv(); // with translations
  const reasons = ["address", "blocked", "refused", "rejected", "closed"];
  const said = reasons.map((reason) => explainTest({reason, code: "", info: ""}));
  expect(new Set(said.map(({label}) => String(label))).size).toBe(reasons.length);
  expect(said.every(({texts}) => texts.length)).toBe(true);
  expect(String(explainTest({reason: "timeout"}).label)).toBe(String(said[2].label));
});

test("a device keeps an address of its own", async () => {
  await open(({address}) =>
    address === TERMINAL.address ? {...SEEN, opened: false, reason: "refused"} : SEEN
  );
  await waitFor("h2:contains(be reached from this browser)");
  await click("#nets_agent_address");
  await edit("ws://192.168.1.5:8010");
  await click(".modal-footer button:contains(Test)");
  await waitFor("h2:contains(The agent answers)");
  expect(browser.localStorage.getItem("nets_connect_cloud.agent.address.10000003")).toBe(
    "ws://192.168.1.5:8010"
  );
  await click("button:contains(Use the terminal)");
  await waitFor("h2:contains(be reached from this browser)");
  expect(browser.localStorage.getItem("nets_connect_cloud.agent.address.10000003")).toBe(null);
  expect.verifySteps([TERMINAL.address, "ws://192.168.1.5:8010", TERMINAL.address]);
});
