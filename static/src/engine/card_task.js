import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

/** What the card dialog can be opened for, by the `type` that the server says; documents register themselves here. */
export const cardTasks = registry.category("nets_connect_cloud.card_tasks");

/**
 * What the person chose in the dialog.
 *
 * @typedef {Object} Choice
 * @property {number} amount negative where money goes back
 * @property {number} terminalId
 * @property {string} requestId of the press
 *
 * What the dialog asks the server for before anything is started, as `load` returns it.
 *
 * @typedef {Object} Form
 * @property {string} title the documents
 * @property {number | false} transaction_id what is running for them already
 * @property {number} amount proposed; negative where money goes back
 * @property {number} currency_id
 * @property {number | false} terminal_id proposed
 * @property {{id: number, name: string, location: string, environment: string}[]} terminals to choose from
 * @property {string} warning what to look at first
 *
 * What to ask the server for: model, method, arguments, keyword arguments.
 *
 * @typedef {[string, string, Array, Object]} Request
 */

/**
 * What the card dialog is opened for: where its figures come from, what *Process card* asks the server for, and the
 * words that differ. This one is for a transaction that belongs to no document: it is only looked at.
 */
export class CardTask {
  /** Whether money goes back: amounts are negative then. */
  givesBack = false;
  /** Whether amount and terminal can't be chosen. */
  isFixed = false;
  /** The component with what else there is to choose; its props are `task`, `form`, `disabled` and `setAmount`. */
  Choices = null;
  /** What failed, and is asked for again with another amount or terminal: all the rest stays as it was. */
  previousId = false;

  /** @param {Object} description as the server says it, see `Progress.task` */
  constructor(description) {
    this.description = description;
  }

  /** @returns {Promise<Form>} */
  load() {
    throw new Error("This task isn't started from the dialog.");
  }

  /**
   * @param {Form} _form
   * @returns {((requestId: string) => Request) | null} what is sent as soon as the form is there
   */
  atOnce(_form) {
    return null;
  }

  /**
   * @param {Choice} _choice
   * @returns {Request}
   */
  request(_choice) {
    throw new Error("This task isn't started from the dialog.");
  }

  /**
   * @param {string | undefined} _documents their names, where they are known
   * @returns {string} of the dialog
   */
  title(_documents) {
    return _t("Card payment");
  }

  /**
   * @param {Form} _form
   * @returns {string} what is due, and to whom
   */
  due(_form) {
    return "";
  }

  /** What the button says that sends it. */
  get button() {
    return _t("Process card");
  }

  /** Where to try again, where that isn't done here. */
  get retryElsewhere() {
    return "";
  }

  /** What a person reads who wants to close the dialog meanwhile. */
  get running() {
    return _t("You may close this window: the terminal carries on.");
  }
}

/**
 * @param {Object | null} description
 * @returns {CardTask}
 */
export function makeTask(description) {
  const Task = description ? cardTasks.get(description.type, CardTask) : CardTask;
  return new Task(description || {});
}
