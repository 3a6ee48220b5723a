import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {agentDesk} from "./agent_desk";

/** How often a watched transaction is asked for: bus messages get lost at peak times. */
export const POLL_INTERVAL = 3000;

/** @typedef {import("./progress").Progress} Progress */

/**
 * Watches transactions: by bus message, and by asking every few seconds.
 */
export const transactionService = {
  dependencies: ["bus_service", "orm"],

  start(env, {bus_service: bus, orm}) {
    const channels = new Map();
    agentDesk.arrive();

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
     * @param {(transactionId: number) => void} onNews
     * @returns {() => void} stops it
     */
    function listen(channel, onNews) {
      const leaveChannel = useChannel(channel);
      const callback = (payload) => onNews(payload.transaction_id);
      bus.subscribe("nets_connect_cloud", callback);
      return () => {
        bus.unsubscribe("nets_connect_cloud", callback);
        leaveChannel();
      };
    }

    /**
     * Follow one transaction: it is asked for every few seconds until it is finished, and with every message about it
     * until nobody watches any more. What is finished may still be signed for, or turn out to be charged.
     *
     * @param {number} transactionId
     * @param {(progress: Progress) => void} onProgress called with every news
     * @param {(connected: boolean) => void} onConnection called with every answer of Odoo, and its absence
     * @returns {{ask: () => Promise<void>, stop: () => void}}
     */
    function watch(transactionId, onProgress, onConnection = () => undefined) {
      let stopped = false;
      let finished = false;
      let timer = null;
      let asking = null;

      async function askOnce() {
        browser.clearTimeout(timer);
        try {
          const [progress] = await orm.silent.call("nets.transaction", "read_progress", [
            [transactionId],
          ]);
          if (stopped) {
            return;
          }
          finished = progress.finished;
          agentDesk.follow(progress);
          onConnection(true);
          onProgress(progress);
        } catch {
          // The connection to Odoo is gone for a moment; the transaction goes on without us.
          if (!stopped) {
            onConnection(false);
          }
        } finally {
          asking = null;
          if (!stopped && !finished) {
            timer = browser.setTimeout(ask, POLL_INTERVAL);
          }
        }
      }

      function ask() {
        asking ||= askOnce();
        return asking;
      }

      const callback = (payload) => {
        if (payload.transaction_id === transactionId && !stopped) {
          ask();
        }
      };

      function stop() {
        stopped = true;
        browser.clearTimeout(timer);
        bus.unsubscribe("nets_connect_cloud", callback);
      }

      bus.subscribe("nets_connect_cloud", callback);
      ask();
      return {ask, stop};
    }

    return {watch, listen};
  },
};

registry.category("services").add("nets_transaction", transactionService);
