// What the overview and the terminal share: live state, and the control API.

const RECONNECT_MS = 1000;
const TOAST_MS = 5000;

/**
 * Call `show` with each new state that the WebSocket at `path` sends, for as long as the page lives.
 *
 * @param {string} path
 * @param {(state: object) => void} show
 */
export function live(path, show) {
  const linkState = document.querySelector(".link-state");
  const socket = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
  socket.onmessage = (message) => {
    linkState.dataset.live = "true";
    linkState.textContent = "Live";
    show(JSON.parse(message.data));
  };
  socket.onclose = () => {
    linkState.dataset.live = "false";
    linkState.textContent = "The simulator doesn't answer. Trying again…";
    setTimeout(live, RECONNECT_MS, path, show);
  };
}

/**
 * POST to the control API. A refusal is shown to the person, not thrown.
 *
 * @param {string} path below /control/
 * @param {object} [body]
 * @returns {Promise<object>} the answer
 */
export async function post(path, body = {}) {
  let answer;
  try {
    const response = await fetch(`/control/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    answer = await response.json();
  } catch {
    answer = {error: "The simulator doesn't answer."};
  }
  toast(answer.error || "");
  return answer;
}

let toastTimer;

function toast(text) {
  clearTimeout(toastTimer);
  const box = document.querySelector(".toast");
  box.textContent = text;
  toastTimer = setTimeout(() => (box.textContent = ""), TOAST_MS);
}

/**
 * Build an element.
 *
 * @param {string} tag
 * @param {object} [properties] of the element; `dataset` is merged
 * @param {...(Node|string)} children
 */
export function element(tag, {dataset = {}, ...properties} = {}, ...children) {
  const built = Object.assign(document.createElement(tag), properties);
  Object.assign(built.dataset, dataset);
  built.append(...children);
  return built;
}

/** Minor units as a person reads them: 123456 → "1 234,56". */
export function money(amount) {
  const whole = String(Math.trunc(amount / 100)).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
  return `${whole},${String(amount % 100).padStart(2, "0")}`;
}

/** What a phase is called, and its colour. */
export function phaseOf(state) {
  if (!state.plugged) {
    return ["No power", "bad"];
  }
  if (!state.network && state.phase === "idle") {
    return ["No network", "bad"];
  }
  const phases = {
    idle: ["Ready", ""],
    card: ["Waiting for a card", "active"],
    pin: ["Waiting for the PIN", "active"],
    processing: ["Asking the bank", "active"],
    signature: ["Waiting for a signature", "active"],
    remove_card: ["Remove the card", "active"],
    result: state.outcome === "declined" ? ["Declined", "bad"] : ["Done", "good"],
  };
  return phases[state.phase];
}
