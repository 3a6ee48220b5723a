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

// What each switch does, and what each of its choices is, for somebody who shows it to others.
const SWITCHES = {
  login: {
    label: "Login",
    hint: "NETS answers this to a user name and a password.",
    words: {
      ok: "Accepted",
      refused: "Refused",
      unavailable: "Not possible now",
      not_activated: "Account not activated",
    },
  },
  down: {
    label: "NETS' service",
    hint: "NETS can be reached, or else every call fails, the login too.",
    words: {
      false: "Can be reached",
      true: "Answers with an error (503)",
      cut: "Closes each connection",
    },
  },
  token_lifetime: {
    label: "Token lives, seconds",
    hint: "Whoever is given a token from now on has to ask for a new one after this time.",
  },
  order_id_in_last: {
    label: "Order id in last transaction",
    hint: "The terminal's last result can name the order that it belongs to.",
    words: {on_success: "If it was approved", always: "Always", never: "Never"},
  },
  cool_down: {
    label: "Busy after a payment, seconds",
    hint: "A terminal stays busy for this time after each payment.",
  },
  last_delay: {
    label: "Last transaction late by, seconds",
    hint: "A payment that has finished becomes the terminal's last result after this time.",
  },
  card_timeout: {
    label: "Card awaited, seconds",
    hint: "A terminal gives up after this time without a card, or without its PIN.",
  },
  processing: {
    label: "Bank takes, seconds",
    hint: "The bank answers after this time when somebody presents a card on a terminal's page.",
  },
  last_transaction: {
    label: "Last transaction",
    hint: "Where an answer got lost, only the terminal's last result proves what happened.",
    words: {ok: "NETS tells it", error: "An error (500)", hang: "No answer comes"},
  },
  lost_contact: {
    label: "Answer when contact is lost",
    hint: "The till is told this when its terminal loses power or network during a payment.",
    words: {
      result_99: "The result is unknown (99)",
      never: "Nothing at all",
      cut: "The connection is closed",
    },
  },
  no_last: {
    label: "Answer without a last one",
    hint: "NETS answers this when it is asked for the last result of a terminal that has none yet.",
    words: {
      null: "There is none (null)",
      empty: "An empty result",
      failure: "A failure (400)",
    },
  },
  reconciliation: {
    label: "Reconciliation",
    hint: "The terminal closes its session, or it can't and says so.",
    words: {
      ok: "The session is closed",
      failure_200: "A failure, told as success (200)",
      failure_400: "A failure (400)",
    },
  },
  administration: {
    label: "Administration",
    hint: "The terminal carries out a reconciliation, a download or a balance in any case.",
    words: {ok: "Its answer arrives", cut: "Its answer gets lost"},
  },
  settings: {
    label: "Settings",
    hint: "A terminal accepts the settings that it is sent, or refuses them.",
    words: {ok: "Accepted", error: "Refused"},
  },
  forms: {
    label: "Forms of the answers",
    hint: "The same facts can be written in several ways, and each of them is allowed.",
    words: {kept: "Always in the same way", random: "In another way each time"},
  },
  agent: {
    label: "Baxi.Agent",
    hint: "This is the program beside a terminal that a browser talks to.",
    words: {
      ok: "Runs",
      down: "Isn't started",
      hang: "Never opens a connection",
    },
  },
  agent_frames: {
    label: "Agent: frames",
    hint: "The agent can send its messages as text or as bytes.",
    words: {text: "Text", binary: "Bytes", mixed: "Text and bytes in turn"},
  },
  agent_split: {
    label: "Agent: messages in frames",
    hint: "A message can come in several frames, and a frame can hold several messages.",
    words: {
      whole: "A frame for each message",
      halves: "Two frames for each message",
      bytes: "A frame for each byte",
      joined: "Several messages in a frame",
    },
  },
  agent_pause: {
    label: "Agent: pause between frames, seconds",
    hint: "The agent waits for this time after each frame.",
  },
  agent_open: {
    label: "Agent: answer to Open",
    hint: "The agent answers this when a browser asks it to begin.",
    words: {
      ready: "The terminal is ready",
      7102: "It is open already (7102)",
      silent: "Nothing at all",
      rejected: "Refused (9100)",
    },
  },
  agent_results: {
    label: "Agent: results",
    hint: "The agent tells the result of a payment, and then that the terminal is ready.",
    words: {
      kept: "As it should be",
      twice: "The result twice",
      missing: "No result",
      older_first: "An older result first",
      ready_first: "Ready first, then the result",
      no_ready: "The result, but not ready",
    },
  },
  agent_no_last: {
    label: "Agent: answer without a last one",
    hint: "The agent answers this when it is asked for the last result of a terminal that has none yet.",
    words: {empty: "An empty result", error: "An error (7000)"},
  },
  agent_clients: {
    label: "Agent: clients at once",
    hint: "The agent can talk to several browsers at once, or it refuses all but the first.",
    words: {many: "Several", one: "One alone"},
  },
  agent_audience: {
    label: "Agent: who hears of a transaction",
    hint: "The agent tells what happens on the terminal to one browser or to several.",
    words: {asker: "Who started it", all: "All that are connected"},
  },
};

const inputs = new Map(); // switch → { input, first: the value at the start }

async function buildService() {
  const {switches} = await (await fetch("/control/switches")).json();
  byId("service").replaceChildren(
    ...Object.entries(switches).map(([name, {choices, first}]) => {
      const {label = name, hint = "", words = {}} = SWITCHES[name] || {};
      const input = choices
        ? element("select", {}, ...choices.map((choice) => option(choice, words)))
        : element("input", {type: "number", min: "0", step: "any"});
      input.name = name;
      input.addEventListener("change", () => {
        post("service", {[name]: choices ? JSON.parse(input.value) : Number(input.value)});
      });
      inputs.set(name, {input, first, choices});
      const explained = element("small", {id: `hint-${name}`, textContent: hint});
      input.setAttribute("aria-describedby", explained.id);
      return element("div", {}, element("label", {}, label, input), explained);
    })
  );
}

function option(choice, words) {
  const textContent = words[choice] || String(choice);
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

let linked = document.getElementById(location.hash.slice(1)); // what a link to this page leads to

await buildService();
live("/control/live", ({terminals, ledger, service}) => {
  showTerminals(terminals);
  showLedger(ledger);
  showService(service);
  linked?.scrollIntoView(); // only now it is where it stays
  linked = null;
});
