// The overview: all terminals, the ledger, the service's switches.

import {element, live, money, phaseOf, post} from "./live.js";

const byId = (id) => document.getElementById(id);
const KINDS = {purchase: "Purchase", refund: "Refund", reversal: "Reversal", deposit: "Gift card"};

// === Terminals === //

const tiles = new Map(); // terminal id → what changes in its tile

function showTerminals(terminals) {
  byId("count").textContent = `${terminals.length} terminals`;
  if (tiles.size !== terminals.length) {
    buildTiles(terminals);
  }
  for (const terminal of terminals) {
    const {mini, screen, pill} = tiles.get(terminal.terminalId);
    const [phase, tone] = phaseOf(terminal);
    pill.textContent = phase;
    pill.dataset.tone = tone;
    mini.dataset.tone = tone;
    mini.dataset.plugged = terminal.plugged;
    screen.textContent = terminal.transaction ? money(terminal.transaction.amount) : "";
  }
}

function buildTiles(terminals) {
  tiles.clear();
  const accounts = Map.groupBy(terminals, (terminal) => terminal.account);
  byId("terminals").replaceChildren(
    ...[...accounts].map(([account, ones]) =>
      element(
        "div",
        {className: "account"},
        element(
          "h3",
          {},
          `${ones[0].merchant} `,
          element("small", {
            textContent: [
              account ? `account "${account}"` : "Baxi.Agent alone",
              ones[0].currency,
            ].join(", "),
          })
        ),
        element("ul", {className: "terminals"}, ...ones.map(tile))
      )
    )
  );
}

function tile(terminal) {
  const screen = element("div", {className: "mini-display"});
  const keys = element("div", {className: "mini-keys"});
  const mini = element("div", {className: "mini", ariaHidden: "true"}, screen, keys);
  const pill = element("span", {className: "pill"});
  tiles.set(terminal.terminalId, {mini, screen, pill});
  const text = element(
    "span",
    {},
    element("b", {textContent: terminal.name}),
    element("span", {className: "id", textContent: terminal.terminalId}),
    pill
  );
  const href = `/terminal/${terminal.terminalId}`;
  return element("li", {}, element("a", {className: "terminal", href}, mini, text));
}

// === Ledger === //

function showLedger(entries) {
  const rows = entries.toReversed().map((entry) => {
    const negative = entry.kind === "refund" || entry.kind === "reversal";
    const amount = `${negative ? "−" : ""}${entry.currency} ${money(entry.amount)}`;
    const cells = [
      entry.time.slice(0, 19).replace("T", " "),
      entry.terminalId,
      KINDS[entry.kind] + (entry.reverses ? ` of no. ${entry.reverses}` : ""),
      amount,
      entry.orderId || "",
      entry.origin === "service" ? "Till" : "By hand",
      entry.stanAuth,
    ].map((textContent) => element("td", {textContent}));
    cells[3].className = negative ? "number negative" : "number";
    return element("tr", {}, ...cells);
  });
  const none = element("td", {colSpan: 7, textContent: "Nothing charged yet."});
  byId("ledger").replaceChildren(...(rows.length ? rows : [element("tr", {}, none)]));
}

// === Service === //

const LABELS = {
  login: "Login",
  down: "Service down",
  token_lifetime: "Token lives, seconds",
  order_id_in_last: "Order id in last transaction",
  cool_down: "Busy after a payment, seconds",
  last_delay: "Last transaction late by, seconds",
  card_timeout: "Card awaited, seconds",
  processing: "Bank takes, seconds",
  last_transaction: "Last transaction",
  lost_contact: "Answer when contact is lost",
  no_last: "Answer without a last one",
  reconciliation: "Reconciliation",
  settings: "Settings",
  agent: "Baxi.Agent",
  agent_frames: "Agent: frames",
  agent_split: "Agent: messages in frames",
  agent_pause: "Agent: pause between frames, seconds",
  agent_open: "Agent: answer to Open",
  agent_results: "Agent: results",
  agent_no_last: "Agent: answer without a last one",
  agent_clients: "Agent: clients at once",
  agent_audience: "Agent: who hears of a transaction",
};

const inputs = new Map(); // switch → { input, first: the value at the start }

async function buildService() {
  const {switches} = await (await fetch("/control/switches")).json();
  byId("service").replaceChildren(
    ...Object.entries(switches).map(([name, {choices, first}]) => {
      const input = choices
        ? element("select", {}, ...choices.map(option))
        : element("input", {type: "number", min: "0", step: "any"});
      input.name = name;
      input.addEventListener("change", () => {
        post("service", {[name]: choices ? JSON.parse(input.value) : Number(input.value)});
      });
      inputs.set(name, {input, first, choices});
      return element("label", {}, LABELS[name] || name, input);
    })
  );
}

function option(choice) {
  const words = {true: "yes", false: "no"};
  const textContent = words[choice] || String(choice).replaceAll("_", " ");
  return element("option", {value: JSON.stringify(choice), textContent});
}

function showService(values) {
  for (const [name, {input, first, choices}] of inputs) {
    if (document.activeElement !== input) {
      input.value = choices ? JSON.stringify(values[name]) : values[name];
    }
    input.classList.toggle("changed", values[name] !== first);
  }
}

byId("service").addEventListener("submit", (event) => event.preventDefault());
byId("revoke").addEventListener("click", () => post("service", {revoke_tokens: true}));
byId("cut_agents").addEventListener("click", () => post("service", {cut_agents: true}));
byId("reset").addEventListener("click", () => post("reset"));

// === Start === //

await buildService();
live("/control/live", ({terminals, ledger, service}) => {
  showTerminals(terminals);
  showLedger(ledger);
  showService(service);
});
