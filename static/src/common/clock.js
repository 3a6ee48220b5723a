import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {useEffect, useState} from "@odoo/owl";

const {DateTime} = luxon;

/** Clocks of server and device, and the way between them, differ by this much without meaning anything; milliseconds. */
const JITTER = 2000;

/**
 * Have a component rendered each second, as long as something on it counts.
 *
 * @param {() => boolean} counts
 * @returns {{now: number}} reactive; milliseconds
 */
export function useClock(counts) {
  const clock = useState({now: Date.now()});
  useEffect(
    (isNeeded) => {
      if (!isNeeded) {
        return () => undefined;
      }
      const tick = () => (clock.now = Date.now());
      tick();
      const timer = browser.setInterval(tick, 1000);
      return () => browser.clearInterval(timer);
    },
    () => [Boolean(counts())]
  );
  return clock;
}

/**
 * @param {number} seconds from now, negative for what was
 * @param {number} before what was said of the same moment before; it stays, unless it is another one
 * @returns {number} that moment by this device's clock, in milliseconds
 */
export function momentIn(seconds, before = 0) {
  const moment = Date.now() + seconds * 1000;
  return Math.abs(moment - before) < JITTER ? before : moment;
}

/**
 * @param {number} milliseconds
 * @returns {string} minutes and seconds, as a clock that runs shows them
 */
export function formatSeconds(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * The end of a wait that the rules of money ask for, by this device's clock.
 *
 * @param {number} moment when a result is known at the latest, in milliseconds
 * @param {number} now in milliseconds
 * @returns {{text: string, left: string} | null} in whole minutes, and counted down; null where it is over
 */
export function knownBy(moment, now) {
  if (moment <= now) {
    return null;
  }
  const time = DateTime.fromMillis(Math.ceil(moment / 60000) * 60000).toFormat("HH:mm");
  return {
    text: _t("Known by %(time)s at the latest", {time}),
    left: formatSeconds(moment - now),
  };
}
