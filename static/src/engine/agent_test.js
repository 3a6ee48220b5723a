import {browser} from "@web/core/browser/browser";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {Component, onWillStart, useState} from "@odoo/owl";
import {addressKey, addressOf, agentDesk} from "../common/agent_desk";

/**
 * What is wrong where an agent isn't reached, and what to do.
 *
 * @param {{reason: string, code: string, info: string}} seen by the driver
 * @returns {{label: string, texts: string[]}}
 */
export function explainTest({reason, code, info}) {
  const isSecurePage = browser.location.protocol === "https:";
  const certificate = _t(
    "With wss://, the browser must trust the agent's certificate: open the address with https:// instead of wss:// in this browser once, and accept it, or have it installed on this computer."
  );
  const privateNetwork = _t(
    "Browsers ask whether a page may reach the local network: where the address is of this computer or the shop's network, allow it for this page (the icon beside the page's address), and have the administrator allow it in the browser's policies."
  );
  switch (reason) {
    case "address":
      return {
        label: _t("This is no address of an agent"),
        texts: [_t("Enter one like ws://127.0.0.1:8010 or wss://192.168.1.20:8011.")],
      };
    case "blocked":
      return {
        label: _t("The browser blocks it"),
        texts: [
          _t(
            "This page is encrypted (https), and browsers open unencrypted connections (ws://) from it to this computer only: 127.0.0.1 or localhost."
          ),
          _t(
            "Either run the agent on the computer at which the terminal is used, and enter ws://127.0.0.1 with its port. Or give the agent a certificate, and enter its address with wss://."
          ),
          certificate,
        ],
      };
    case "rejected":
      return {
        label: _t("The agent turned this page away"),
        texts: [
          [code, info].filter(Boolean).join(": "),
          _t("Compare the terminal ID with the one that the agent drives."),
        ],
      };
    case "closed":
      return {
        label: _t("The agent ended the connection"),
        texts: [
          _t(
            "Something answers at this address, but not as an agent does. Compare the port, and restart the agent."
          ),
        ],
      };
    default:
      return {
        label: _t("The agent can't be reached from this browser"),
        texts: [
          _t(
            "Check that Baxi.Agent runs at this address, that a firewall lets this computer through, and that the port is right."
          ),
          ...(isSecurePage ? [certificate, privateNetwork] : []),
        ],
      };
  }
}

/** *Test*: tries to reach a terminal's agent from this browser, which is the one that counts. */
export class AgentTest extends Component {
  static template = "nets_connect_cloud.AgentTest";
  static components = {Dialog};
  static props = {terminal: Object, close: Function};

  setup() {
    const {identifier, address} = this.props.terminal;
    this.state = useState({
      address: addressOf({terminal: identifier, address}),
      isRunning: false,
      seen: null,
    });
    onWillStart(() => {
      this.test();
    });
  }

  get isOwnAddress() {
    return this.state.address !== this.props.terminal.address;
  }

  get explanation() {
    return explainTest(this.state.seen);
  }

  async test() {
    const {state} = this;
    const {identifier, ecr_id: ecrId} = this.props.terminal;
    Object.assign(state, {isRunning: true, seen: null});
    state.seen = await agentDesk.driver.test({
      address: state.address.trim(),
      terminal: identifier,
      ecrId,
    });
    state.isRunning = false;
  }

  /** This device reaches it elsewhere: kept in this browser, and nowhere else. */
  keep() {
    const key = addressKey(this.props.terminal.identifier);
    if (this.isOwnAddress) {
      browser.localStorage.setItem(key, this.state.address.trim());
    } else {
      browser.localStorage.removeItem(key);
    }
    this.test();
  }

  reset() {
    browser.localStorage.removeItem(addressKey(this.props.terminal.identifier));
    this.state.address = this.props.terminal.address;
    this.test();
  }
}

registry.category("actions").add("nets_connect_cloud.agent_test", (env, {params: {terminal}}) => {
  env.services.dialog.add(AgentTest, {terminal});
});
