import {browser} from "@web/core/browser/browser";
import {ConnectionLostError, rpc} from "@web/core/network/rpc";
import {uuid} from "@web/core/utils/strings";
import {user} from "@web/core/user";
import {reactive} from "@odoo/owl";
import {AgentDriver, AgentError} from "./agent/driver";

/** How often the server hears that this page still listens to a terminal, in milliseconds. */
export const BEAT_INTERVAL = 10000;
/** How often what wasn't answered is said again. */
export const REPEAT_INTERVAL = 2000;
/** How often it is asked for what is left to look up. */
export const RECOVER_INTERVAL = 10000;
/** How long an agent that wasn't reached isn't tried again, for what nobody presses. */
export const AWAY_TIME = 30000;
/** A claim is of no use after this long: the server has given it up. */
const CLAIM_TIME = 50000;
/** How often a report is said again that the server doesn't take, besides where it isn't reached. */
const MOST_REFUSALS = 5;

/** What the server won't say otherwise the next time. */
const FINAL_ERRORS = ["AccessError", "UserError", "ValidationError", "MissingError"].map(
  (name) => `odoo.exceptions.${name}`
);

const HELD_KEY = "nets_connect_cloud.agent.held";
const DEVICE_KEY = "nets_connect_cloud.agent.device";

/** @typedef {import("./progress").AgentJob} AgentJob */
/** @typedef {import("./progress").Progress} Progress */

/** Where the address of a terminal's agent is kept that is another one on this device. */
export function addressKey(terminal) {
  return `nets_connect_cloud.agent.address.${terminal}`;
}

/** @returns {string} the address of a terminal's agent, as it is on this device */
export function addressOf({terminal, address}) {
  return browser.localStorage.getItem(addressKey(terminal)) || address;
}

/** @returns {string} what this browser calls itself, the same as long as it keeps its storage */
export function deviceName() {
  let name = browser.localStorage.getItem(DEVICE_KEY);
  if (!name) {
    name = `Browser ${uuid().slice(0, 4)}`;
    browser.localStorage.setItem(DEVICE_KEY, name);
  }
  return name;
}

/** A secret that nobody else has: what is reported counts only with it. */
function newToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pause(time) {
  const {promise, resolve} = Promise.withResolvers();
  browser.setTimeout(resolve, time);
  return promise;
}

function callServer(method, args, kwargs = {}) {
  return rpc(
    `/web/dataset/call_kw/nets.transaction/${method}`,
    {model: "nets.transaction", method, args, kwargs: {...kwargs, context: user.context}},
    {silent: true}
  );
}

/**
 * What this page does for the server, which can't reach a Baxi.Agent: it claims what is to be sent, has the driver send
 * it, and hands on what the agent said. It concludes nothing: the server reads and judges it.
 */
export class AgentDesk {
  /** @param {{driver?: AgentDriver, call?: Function}} options of tests */
  constructor({driver = new AgentDriver(), call = callServer} = {}) {
    this.driver = driver;
    this.call = call;
    /** What the terminals show at this moment that this page drives, by the transaction's id. */
    this.displays = reactive({});
    /** The runs that this page holds, by the transaction's id. */
    this.held = new Map();
    this.busy = new Set();
    this.away = new Map();
    this.recovering = new Set();
    this.onPageHide = () => this.leave();
    this.onBeforeUnload = (ev) => ev.preventDefault();
  }

  // --- what the screens say --- //

  /**
   * The person pressed here, and nowhere else: what the server says is to be done, this page does.
   *
   * @param {{agent: AgentJob | null}} answer a `Progress` or `Waiting`
   */
  take({agent: job}) {
    if (job?.kind === "send") {
      this.once(job, () => this.send(job));
    } else {
      this.lookUpSoon(job);
    }
  }

  /**
   * News of a transaction that somebody watches on this page.
   *
   * @param {Progress} progress
   */
  follow({id, agent, look}) {
    const run = this.held.get(id);
    if (run && look === "aborting") {
      run.beat();
    }
    this.lookUpSoon(agent);
  }

  /**
   * A screen opens that may use these terminals: what got lost on them is asked for first.
   *
   * @param {{id: number, type?: string}[]} terminals
   */
  async recover(terminals) {
    const ids = terminals.filter(({type}) => type === "baxi_agent").map(({id}) => id);
    const key = ids.join();
    if (!ids.length || this.recovering.has(key)) {
      return;
    }
    this.recovering.add(key);
    try {
      for (;;) {
        const jobs = await this.call("agent_jobs", [ids.slice(0, 100)]);
        if (!jobs.length) {
          return;
        }
        jobs.forEach((job) => this.lookUpSoon(job));
        await pause(RECOVER_INTERVAL);
      }
    } catch {
      // Odoo isn't reached, or says no: the next press hears of it
    } finally {
      this.recovering.delete(key);
    }
  }

  // --- send --- //

  once(job, work) {
    const key = `${job.kind} ${job.kind === "send" ? job.transaction_id : job.terminal}`;
    if (this.busy.has(key)) {
      return;
    }
    this.busy.add(key);
    work()
      .catch((error) => console.error(error))
      .finally(() => this.busy.delete(key));
  }

  sessionOf(job) {
    return this.driver.session({
      address: addressOf(job),
      terminal: job.terminal,
      ecrId: job.ecr_id,
    });
  }

  /** @param {AgentJob} job */
  async send(job) {
    const {transaction_id: id} = job;
    const session = this.sessionOf(job);
    const release = session.keep();
    try {
      let opened = await this.open(session);
      const {messages} = opened.reason ? {messages: []} : await session.lastResult();
      // what nobody waits for any more must not pass for an answer: then it is opened on a new connection
      opened = opened.reason ? opened : await this.open(session);
      if (opened.reason) {
        await this.insist("agent_not_reached", [[id], opened.reason, opened.info]);
        return;
      }
      const token = newToken();
      const claim = await this.insist("agent_claim", [[id], token, deviceName(), messages], {
        until: Date.now() + CLAIM_TIME,
      });
      if (claim?.request) {
        await this.run(job, session, token, claim.request);
      }
    } finally {
      release();
    }
  }

  async open(session) {
    try {
      await session.open();
      return {reason: "", info: ""};
    } catch (error) {
      if (!(error instanceof AgentError)) {
        throw error;
      }
      const {reason, code, info} = error;
      return {reason, info: [code, info].filter(Boolean).join(": ")};
    }
  }

  /** It is claimed: from here on only this page can say what becomes of it. */
  async run(job, session, token, request) {
    const {transaction_id: id} = job;
    const run = session.run(request, {
      customerTimeout: job.customer_timeout,
      onDisplay: (text) => {
        this.displays[id] = text;
        this.held.get(id)?.beat();
      },
    });
    const beat = this.beating(id, token, run);
    this.hold(id, token, {beat});
    const timer = browser.setInterval(beat, BEAT_INTERVAL);
    try {
      for await (const {messages} of run) {
        const answer = await this.insist("agent_report", [[id], token, messages, false]);
        if (!answer || answer.done) {
          return;
        }
      }
      const trouble = run.trouble || "closed";
      await this.insist("agent_report", [[id], token, run.messages, true, trouble]);
    } finally {
      browser.clearInterval(timer);
      this.release(id);
    }
  }

  /** @returns {() => void} says that this page listens, and what the terminal shows; and hears whether to stop */
  beating(id, token, run) {
    let isBeating = false;
    let isDue = false;
    const beat = async () => {
      isDue = true;
      if (isBeating) {
        return;
      }
      isBeating = true;
      try {
        while (isDue) {
          isDue = false;
          const {abort} = await this.call("agent_beat", [[id], token, this.displays[id] || ""]);
          if (abort && run.abort()) {
            await this.call("agent_abort_sent", [[id], token]);
          }
        }
      } catch {
        // a beat that is missed is nothing: the next one comes
      } finally {
        isBeating = false;
      }
    };
    return beat;
  }

  /**
   * Say it until the server has answered.
   *
   * @returns {Promise<any>} null where it refuses, or where it is too late
   */
  async insist(method, args, {until = Infinity} = {}) {
    for (let refusals = 0; refusals < MOST_REFUSALS;) {
      try {
        return await this.call(method, args);
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) {
          refusals++;
          if (FINAL_ERRORS.includes(error?.data?.name)) {
            return null;
          }
        }
      }
      if (Date.now() > until) {
        return null;
      }
      await pause(REPEAT_INTERVAL);
    }
    return null;
  }

  // --- look up --- //

  /** @param {AgentJob | null} job */
  lookUpSoon(job) {
    if (job?.kind === "look_up" && !job.due_in && !(this.away.get(job.terminal) > Date.now())) {
      this.once(job, () => this.lookUp(job));
    }
  }

  /** @param {AgentJob} job */
  async lookUp(job) {
    const {transaction_id: id, terminal} = job;
    const session = this.sessionOf(job);
    const release = session.keep();
    try {
      // Whoever can't reach it claims it for a moment only, to say so: others may reach it.
      const {reason} = await this.open(session);
      if (session.state === "busy") {
        return;
      }
      const token = newToken();
      if (!(await this.call("agent_claim_lookup", [[id], token]))) {
        return;
      }
      if (reason) {
        this.away.set(terminal, Date.now() + AWAY_TIME);
      } else {
        this.away.delete(terminal);
      }
      const {messages} = reason ? {messages: []} : await session.lastResult();
      await this.insist("agent_report_lookup", [[id], token, messages, !reason, deviceName()]);
    } finally {
      release();
    }
  }

  // --- a page that is left --- //

  hold(id, token, run) {
    if (!this.held.size) {
      browser.addEventListener("pagehide", this.onPageHide);
      browser.addEventListener("beforeunload", this.onBeforeUnload);
    }
    this.held.set(id, {...run, token});
    this.displays[id] ||= "";
  }

  release(id) {
    this.held.delete(id);
    delete this.displays[id];
    if (!this.held.size) {
      browser.removeEventListener("pagehide", this.onPageHide);
      browser.removeEventListener("beforeunload", this.onBeforeUnload);
    }
  }

  /** The answer can't be heard any more. The page that comes next in this tab says so. */
  leave() {
    const left = [...this.held].map(([id, {token}]) => ({id, token}));
    browser.sessionStorage.setItem(HELD_KEY, JSON.stringify(left));
  }

  /** Say what the page before this one couldn't: it is unknown at once, and is looked up. */
  async arrive() {
    const left = JSON.parse(browser.sessionStorage.getItem(HELD_KEY) || "[]");
    browser.sessionStorage.removeItem(HELD_KEY);
    for (const {id, token} of left) {
      await this.insist("agent_report", [[id], token, [], true, "left"]);
    }
  }
}

/** The one of this page. */
export const agentDesk = new AgentDesk();
