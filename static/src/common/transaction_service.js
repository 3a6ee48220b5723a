import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {agentDesk} from "./agent_desk";
import {isOlder} from "./progress";

/** How often a watched transaction is asked for while there is no bus, in milliseconds. */
export const POLL_INTERVAL = 3000;
/** How soon, and at most how late, where there is one: its messages say all, but may get lost. */
export const FIRST_CHECK = 8000;
export const LAST_CHECK = 60000;
/** Of how many transactions the last news is kept, for those who begin to watch in that moment. */
const KEPT_NEWS = 20;

/** @typedef {import("./progress").Progress} Progress */

/**
 * Watches transactions. The bus brings what there is to see to the person who started one; whoever else watches hears that
 * there is news, and asks for it. As bus messages get lost, it is also asked now and then: rarely, and ever more rarely,
 * as long as there is a bus, else every few seconds.
 */
export const transactionService = {
  dependencies: ["bus_service", "orm"],

  start(env, {bus_service: bus, orm}) {
    const channels = new Map();
    /** @type {Map<number, Progress | null>} the last news of transactions, null where it has to be asked for */
    const news = new Map();
    /** @type {Set<{hear: Function, ask: Function}>} */
    const watchers = new Set();
    agentDesk.arrive();

    bus.subscribe("nets_connect_cloud", ({transaction_id: id, told_user_id: toldId, progress}) => {
      if (!progress && toldId === user.userId) {
        return;
      }
      const known = news.get(id);
      if (!progress || !known || !isOlder(progress, known)) {
        news.delete(id);
        news.set(id, progress || null);
      }
      if (news.size > KEPT_NEWS) {
        news.delete(news.keys().next().value);
      }
      for (const watcher of [...watchers]) {
        watcher.hear(id, progress);
      }
    });

    // what was missed, or will be, is asked for
    for (const type of ["BUS:CONNECT", "BUS:RECONNECT", "BUS:DISCONNECT"]) {
      bus.addEventListener(type, () => watchers.forEach((watcher) => watcher.ask()));
    }

    function isBusDown() {
      return ["DISCONNECTED", "CONNECTING"].includes(bus.workerState);
    }

    /**
     * Subscribe to a channel as long as anybody needs it.
     *
     * @param {string} channel
     * @returns {() => void} to be called when it isn't needed any more
     */
    function useChannel(channel) {
      const users = channels.get(channel) || 0;
      channels.set(channel, users + 1);
      if (!users) {
        bus.addChannel(channel);
      }
      return () => {
        const left = channels.get(channel) - 1;
        channels.set(channel, left);
        if (!left) {
          channels.delete(channel);
          bus.deleteChannel(channel);
        }
      };
    }

    /**
     * Be told of everything that happens to the transactions of one document.
     *
     * @param {string} channel the document's
     * @param {(message: Object) => boolean} isConcerned whether a message is about it
     * @param {(message: Object) => void} onNews
     * @returns {() => void} stops it
     */
    function listen(channel, isConcerned, onNews) {
      const leaveChannel = useChannel(channel);
      const callback = (message) => isConcerned(message) && onNews(message);
      bus.subscribe("nets_connect_cloud", callback);
      return () => {
        bus.unsubscribe("nets_connect_cloud", callback);
        leaveChannel();
      };
    }

    /**
     * Follow one transaction until nobody watches any more. What is finished may still be signed for, or turn out to be
     * charged.
     *
     * @param {number} transactionId
     * @param {(progress: Progress) => void} onProgress called with every news
     * @param {Object} [options]
     * @param {(connected: boolean) => void} [options.onConnection] called with every answer of Odoo, and its absence
     * @param {Progress} [options.known] what is shown of it; else it is asked for
     * @returns {{ask: () => Promise<void>, stop: () => void}}
     */
    function watch(transactionId, onProgress, {onConnection = () => undefined, known = null} = {}) {
      let stopped = false;
      let latest = known;
      let timer = null;
      let asking = null;
      let pause = FIRST_CHECK;

      function take(progress) {
        const isSaid = latest?.finished && progress.finished && latest.version === progress.version;
        if (stopped || isSaid || isOlder(progress, latest)) {
          return;
        }
        const isOpenAgain = latest?.finished && !progress.finished;
        latest = progress;
        if (progress.finished) {
          browser.clearTimeout(timer);
        } else if (isOpenAgain) {
          askLater();
        }
        agentDesk.follow(progress);
        onConnection(true);
        onProgress(progress);
      }

      async function askOnce() {
        try {
          take((await orm.silent.call("nets.transaction", "read_progress", [[transactionId]]))[0]);
        } catch {
          // The connection to Odoo is gone for a moment; the transaction goes on without us.
          if (!stopped) {
            onConnection(false);
            pause = POLL_INTERVAL;
          }
        } finally {
          asking = null;
          askLater();
        }
      }

      function askLater() {
        browser.clearTimeout(timer);
        if (!stopped && !latest?.finished) {
          // only the server knows what an agent's browser has to do
          const isAsked = isBusDown() || Boolean(latest?.agent);
          timer = browser.setTimeout(ask, isAsked ? POLL_INTERVAL : pause);
          pause = Math.min(2 * pause, LAST_CHECK);
        }
      }

      function ask() {
        asking ||= askOnce();
        return asking;
      }

      const watcher = {
        hear(id, progress) {
          if (id !== transactionId) {
            return;
          }
          if (progress) {
            take(progress);
          } else {
            ask();
          }
        },
        ask,
      };

      function stop() {
        stopped = true;
        browser.clearTimeout(timer);
        watchers.delete(watcher);
      }

      watchers.add(watcher);
      if (!known || news.get(transactionId) === null) {
        ask();
      } else {
        askLater();
        if (news.has(transactionId)) {
          // it was faster than the answer that `known` came with
          Promise.resolve().then(() => take(news.get(transactionId)));
        }
      }
      return {ask, stop};
    }

    return {watch, listen};
  },
};

registry.category("services").add("nets_transaction", transactionService);
