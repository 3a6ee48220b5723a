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
  administration: "Administration",
  settings: "Settings",
  forms: "Forms of the answers",
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

// What each does, for somebody who shows it to others.
const HINTS = {
  login: "Whether NETS accepts user name and password when somebody logs in.",
  down: "Whether NETS can be reached: every call gets a 503, or its connection is closed.",
  token_lifetime: "How long what a login gives is good for, until one has to log in again.",
  order_id_in_last: "When the last result names the order that it belongs to.",
  cool_down: "How long a terminal stays busy after each payment.",
  last_delay: "How long it takes until a finished payment is the terminal's last one.",
  card_timeout: "How long a terminal waits for a card.",
  processing: "How long the bank takes.",
  last_transaction:
    "What becomes of the question for the last result: it is the only proof of a lost answer.",
  lost_contact: "What the till is told when its terminal loses power or network in the middle.",
  no_last: "What a terminal says that has had no payment yet.",
  reconciliation: "Whether closing the terminal's session works.",
  administration: "Whether the answer to administration arrives.",
  settings: "Whether a terminal takes its settings.",
  forms: "Whether the same facts are written in another allowed form each time.",
  agent: "Whether the program beside the terminal (Baxi.Agent) runs.",
  agent_frames: "How the agent writes to the browser.",
  agent_split: "In which pieces.",
  agent_pause: "How long between them.",
  agent_open: "What the agent says when it is asked to begin.",
  agent_results: "How it tells results.",
  agent_no_last: "What it says where there is no last result.",
  agent_clients: "How many browsers it takes at once.",
  agent_audience: "Which browsers hear of a payment.",
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
      const hint = element("small", {id: `hint-${name}`, textContent: HINTS[name] || ""});
      input.setAttribute("aria-describedby", hint.id);
      return element("div", {}, element("label", {}, LABELS[name] || name, input), hint);
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
