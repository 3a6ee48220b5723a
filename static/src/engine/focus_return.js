import {browser} from "@web/core/browser/browser";

/** How long what is behind a dialog may take to be drawn once it has been read again; milliseconds. */
const DRAWN = 2000;

/**
 * What had the keyboard last, behind all windows. A button is disabled while what it does runs, and has lost the keyboard
 * before a dialog could see that it had it.
 */
let lastBehind = null;
document.addEventListener("focusin", ({target}) => {
  if (!target.closest(".o-overlay-container")) {
    lastBehind = target;
  }
});

const isLost = () => [null, document.body].includes(document.activeElement);
const canTakeIt = (element) =>
  element.isConnected && element.checkVisibility() && !element.disabled;

/**
 * Remember where the keyboard is, behind a dialog that is about to be opened.
 *
 * @returns {(drawn: Promise) => Promise<void>} to be called when the dialog closes, with what is behind it being read
 * again: gives the keyboard back to where it was, also where that was made anew, unless somebody takes it elsewhere
 */
export function rememberFocus() {
  const element = lastBehind;
  const around = [];
  for (let parent = element?.parentElement; parent; parent = parent.parentElement) {
    around.push(parent);
  }
  const inRow = rowOf(element)?.querySelector("[data-transaction]")?.dataset.transaction;
  const name = element?.getAttribute("name");
  const button = name ? `button[name="${CSS.escape(name)}"]` : null;

  /** What was there, or what was made in its place. */
  function find() {
    if (element && canTakeIt(element)) {
      return element;
    }
    if (inRow) {
      const mark = document.querySelector(`tr [data-transaction="${inRow}"]`);
      const same = button && rowOf(mark)?.querySelector(button);
      // what was done may not be offered there any more
      return same && canTakeIt(same) ? same : mark?.closest("td");
    }
    const buttons = button ? [...document.querySelectorAll(button)] : [];
    return buttons.find((same) => !rowOf(same) && canTakeIt(same));
  }

  return async function giveBack(drawn) {
    let isTaken = false;
    const give = () => !isTaken && isLost() && find()?.focus({preventScroll: true});
    const observer = new MutationObserver(give);
    for (const event of ["pointerdown", "keydown"]) {
      document.addEventListener(event, () => (isTaken = true), {capture: true, once: true});
    }
    observer.observe(document.body, {childList: true, subtree: true});
    give();
    try {
      await drawn;
    } finally {
      browser.setTimeout(() => {
        observer.disconnect();
        if (!isTaken && isLost()) {
          focusBeside(around.find(canTakeIt));
        }
      }, DRAWN);
    }
  };
}

function rowOf(element) {
  return element?.closest("tr");
}

/** What was there is gone: the keyboard goes on from there, and on nothing that a second *Enter* would press. */
function focusBeside(parent) {
  if (!parent || parent === document.body) {
    return;
  }
  parent.setAttribute("tabindex", "-1");
  parent.focus({preventScroll: true});
  parent.addEventListener("blur", () => parent.removeAttribute("tabindex"), {once: true});
}
