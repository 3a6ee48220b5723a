// The virtual terminal: shows the state that the simulator sends, and sends the keys.

import {element, live, money, phaseOf, post} from "./live.js";

const terminalId = location.pathname.split("/").pop();
const CORRECT_PIN = "1234";
const PIN_LENGTH = 4;
const AMOUNT_LENGTH = 7;

const byId = (id) => document.getElementById(id);
const display = byId("display");

let state = null;
let cards = [];
let chosen = "visa";
let typed = ""; // PIN digits, or the amount of a sale by hand
let copy = "customer";
let printed = null; // number of the newest receipt seen

const can = (key) => Boolean(state?.keys.includes(key));
const byHand = () => state?.plugged && !state.transaction;

// === Keys === //

async function press(key) {
  if (key === "insert" && cards.find((card) => card.key === chosen).tap_only) {
    key = "tap"; // a phone has nothing to insert
  }
  if (can(key)) {
    await post(`terminals/${terminalId}/press`, {key, card: chosen});
  }
}

function digit(value) {
  if (state?.phase === "pin" && typed.length < PIN_LENGTH) {
    typed += value;
  } else if (byHand() && typed.length < AMOUNT_LENGTH && typed + value !== "0") {
    typed += value;
  }
  showTyped();
}

function clear() {
  typed = state?.phase === "pin" ? "" : typed.slice(0, -1);
  showTyped();
}

async function ok() {
  if (state?.phase === "pin") {
    if (typed.length === PIN_LENGTH) {
      const key = typed === CORRECT_PIN ? "pin" : "wrong_pin";
      typed = "";
      await press(key);
    } else {
      shake();
    }
  } else if (byHand() && typed) {
    const amount = Number(typed);
    typed = "";
    await post(`terminals/${terminalId}/by_hand`, {outcome: "approved", amount});
  } else if (can("remove_card") && state.phase === "remove_card") {
    await press("remove_card");
  } else {
    await press("sign");
  }
}

function cancel() {
  if (byHand()) {
    typed = "";
    showTyped();
  } else {
    press("cancel");
  }
}

function shake() {
  byId("dots").classList.remove("short");
  void byId("dots").offsetWidth; // restart the animation
  byId("dots").classList.add("short");
}

for (const button of document.querySelectorAll("[data-key]")) {
  button.addEventListener("click", () => press(button.dataset.key));
}
for (const button of document.querySelectorAll("[data-digit]")) {
  button.addEventListener("click", () => digit(button.dataset.digit));
}
byId("key-cancel").addEventListener("click", cancel);
byId("key-clear").addEventListener("click", clear);
byId("key-ok").addEventListener("click", ok);
byId("power").addEventListener("click", () => press(state.plugged ? "unplug" : "plug"));
byId("network").addEventListener("click", () =>
  press(state.network ? "cut_network" : "restore_network")
);

document.addEventListener("keydown", (event) => {
  const onControl = event.target.closest("button, a, summary");
  const keys = {Escape: ["key-cancel", cancel], Backspace: ["key-clear", clear]};
  if (!onControl || onControl.matches("[data-digit]")) {
    keys.Enter = ["key-ok", ok]; // elsewhere, Enter presses what has the focus
  }
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (/^[0-9]$/.test(event.key)) {
    flash(document.querySelector(`[data-digit="${event.key}"]`));
    digit(event.key);
  } else if (keys[event.key]) {
    const [id, act] = keys[event.key];
    event.preventDefault();
    flash(byId(id));
    act();
  }
});

function flash(button) {
  button.classList.add("pressed");
  setTimeout(() => button.classList.remove("pressed"), 120);
}

// === The wallet === //

function cardFace(card, tag = "span") {
  return element(
    tag,
    {className: "card", dataset: {card: card.key}},
    element("b", {textContent: card.title}),
    element("span", {className: "note", textContent: card.note}),
    element("span", {className: "pan", textContent: card.pan})
  );
}

function showWallet() {
  const wallet = byId("cards");
  wallet.replaceChildren(
    ...cards.map((card) => {
      const face = cardFace(card, "button");
      face.type = "button";
      face.setAttribute("role", "radio");
      face.setAttribute("aria-checked", String(card.key === chosen));
      face.tabIndex = card.key === chosen ? 0 : -1;
      face.addEventListener("click", () => choose(card.key));
      return face;
    })
  );
}

function choose(key) {
  chosen = key;
  for (const face of byId("cards").children) {
    const checked = face.dataset.card === key;
    face.setAttribute("aria-checked", String(checked));
    face.tabIndex = checked ? 0 : -1;
    if (checked) {
      face.focus();
    }
  }
}

byId("cards").addEventListener("keydown", (event) => {
  const step = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}[event.key];
  if (step) {
    event.preventDefault();
    const at = cards.findIndex((card) => card.key === chosen);
    choose(cards[(at + step + cards.length) % cards.length].key);
  }
});

// === The terminal === //

function show(now) {
  const before = state;
  state = now;
  if (before?.phase !== now.phase || before.display.join() !== now.display.join()) {
    typed = "";
    showDisplay();
  }
  document.title = `${now.name} · ${phaseOf(now)[0]}`;
  byId("name").textContent = now.name;
  byId("terminal-id").textContent = now.terminalId;
  byId("signal").classList.toggle("off", !now.network);
  if (before && !before.transaction && now.transaction) {
    byId("paper").classList.replace("printing", "torn");
  }
  const inserted = now.transaction?.inserted;
  const processing = now.phase === "processing";
  const tapped = processing && !inserted && now.transaction.card;
  if (tapped && before?.phase === "card") {
    tap(now.transaction.card);
  }
  const good = now.outcome === "approved";
  byId("device").dataset.leds = tapped || good ? "all" : now.plugged ? "one" : "off";
  showInserted(inserted && now.transaction.card);
  showKeys();
  showNow();
  showNext(before);
  showReceipts(before);
}

function showDisplay() {
  const looks = {result: state.outcome || "idle", pin: "pin"};
  display.dataset.look = state.plugged ? looks[state.phase] || state.phase : "off";
  const styles = state.transaction ? ["verb", "amount"] : ["big"];
  showLines(state.display.map((text, at) => [styles[at] || "prompt", text]));
  byId("dots").hidden = state.phase !== "pin";
  byId("signature").hidden = state.phase !== "signature";
  clearSignature();
  showTyped();
}

function showLines(lines) {
  byId("lines").replaceChildren(
    ...lines.map(([className, textContent]) => element("p", {className, textContent}))
  );
}

function showTyped() {
  if (byHand() && typed) {
    display.dataset.look = "by_hand";
    showLines([
      ["verb", "SALE BY HAND"],
      ["amount", `${state.currency} ${money(Number(typed))}`],
      ["prompt", "Green: sell. Red: stop."],
    ]);
  } else if (display.dataset.look === "by_hand") {
    showDisplay();
    return;
  }
  const dots = byId("dots");
  [...dots.children].forEach((dot, at) => dot.classList.toggle("full", at < typed.length));
  dots.setAttribute("aria-label", `${typed.length} of ${PIN_LENGTH} digits`);
}

function showKeys() {
  for (const button of document.querySelectorAll("[data-key]")) {
    // Not `disabled`: that would take the focus away from under a person's fingers.
    button.setAttribute("aria-disabled", String(!can(button.dataset.key)));
  }
  byId("power").setAttribute("aria-checked", String(state.plugged));
  byId("network").setAttribute("aria-checked", String(state.network));
}

function showNow() {
  const [phase] = phaseOf(state);
  const order = state.transaction?.orderId;
  const more = order ? `Order ${order}` : state.transaction ? "" : idleHint();
  byId("now").replaceChildren(phase, element("small", {textContent: more}));
}

function idleHint() {
  if (state.scripted) {
    return `${state.scripted} scripted: what the till asks for next runs automatically.`;
  }
  return state.plugged ? "Start a payment at the till, or type an amount for a sale by hand." : "";
}

// === What happens next === //

function showScenes(groups) {
  const select = byId("scene");
  for (const {title, scenes} of groups) {
    const options = scenes.map((scene) =>
      element("option", {value: JSON.stringify(scene.plays), textContent: scene.title})
    );
    select.append(element("optgroup", {label: title}, ...options));
  }
  select.addEventListener("change", async () => {
    await forget();
    if (select.value) {
      await post(`terminals/${terminalId}/script`, {plays: JSON.parse(select.value)});
    }
  });
  byId("forget").addEventListener("click", forget);
}

async function forget() {
  await fetch(`/control/terminals/${terminalId}/script`, {method: "DELETE"});
}

function showNext(before) {
  const select = byId("scene");
  if (before?.scripted && !state.scripted && document.activeElement !== select) {
    select.value = ""; // it was played
  }
  byId("forget").hidden = !state.scripted;
  byId("next").textContent = state.scripted
    ? "It happens with the next payment, refund or reversal, without anybody touching the terminal."
    : "Choose what the next payment meets, and start it at the till.";
}

function showInserted(key) {
  const inserted = byId("inserted");
  const card = cards.find((one) => one.key === key);
  if (inserted.hidden === Boolean(card)) {
    inserted.hidden = !card;
    inserted.replaceChildren(...(card ? [cardFace(card)] : []));
  }
}

function tap(key) {
  const card = cards.find((one) => one.key === key);
  const tapping = byId("tapping");
  tapping.replaceChildren(cardFace(card));
  tapping.classList.remove("tap");
  void tapping.offsetWidth; // restart the animation
  tapping.classList.add("tap");
}

// === Signature === //

const pen = byId("signature").getContext("2d");
pen.lineWidth = 2.2;
pen.lineCap = "round";
pen.strokeStyle = "#14213a";

function clearSignature() {
  pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
}

pen.canvas.addEventListener("pointerdown", (event) => {
  pen.canvas.setPointerCapture(event.pointerId);
  pen.beginPath();
  pen.moveTo(event.offsetX, event.offsetY);
});
pen.canvas.addEventListener("pointermove", (event) => {
  if (event.buttons) {
    pen.lineTo(event.offsetX, event.offsetY);
    pen.stroke();
  }
});

// === Receipts === //

function showReceipts(before) {
  const newest = state.receipts.at(-1);
  if (newest?.number === printed && before) {
    return;
  }
  listReceipts();
  if (before && newest) {
    print(newest);
  }
  printed = newest?.number;
}

function listReceipts() {
  const list = state.receipts.toReversed().map((receipt, at) =>
    element(
      "details",
      {open: at === 0},
      element(
        "summary",
        {},
        element("span", {textContent: receipt.time.slice(11, 19)}),
        element("span", {
          className: "pill",
          dataset: {tone: receipt.approved ? "good" : "bad"},
          textContent: receipt.approved ? "Approved" : "Declined",
        })
      ),
      element("pre", {textContent: receipt[copy] || receipt.customer})
    )
  );
  const none = element("p", {className: "none", textContent: "Nothing printed yet."});
  byId("receipts").replaceChildren(...(list.length ? list : [none]));
}

function print(receipt) {
  const paper = byId("paper");
  paper.classList.remove("printing", "torn");
  byId("paper-text").textContent = receipt.customer;
  void paper.offsetHeight; // begin below the edge
  paper.classList.add("printing");
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => {
    copy = button.dataset.copy;
    for (const other of document.querySelectorAll("[data-copy]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    listReceipts();
  });
}

// === Start === //

function tick() {
  const now = new Date();
  byId("clock").textContent = now.toTimeString().slice(0, 5);
  setTimeout(tick, 60_000 - (now % 60_000));
}

tick();
cards = (await (await fetch("/control/cards")).json()).cards;
showWallet();
showScenes((await (await fetch("/control/scenes")).json()).groups);
live(`/control/terminals/${terminalId}/live`, show);
