/**
 * The agent's XML, out and in (docs/PROTOCOL.md, section 9). What comes in is read only as far as the conversation needs
 * it: what it proves is the server's to say, which gets the documents as they came.
 */

export const TRANSFERS = {purchase: 48, refund: 49, reversal: 50};
export const ADMINISTRATION = {
  reconciliation: 12592,
  cancel: 12594,
  xReport: 12598,
  zReport: 12599,
  lastResult: 12605,
};
/** Code of the rejection that says: it is open already. */
export const ALREADY_OPEN = "7102";

/** Unused: anything but four digits is a format error. */
const OPERATOR = "0000";
const NEUTRAL = 48;

/**
 * @typedef {Object} Header
 * @property {string} ecrId names this page to the agent
 * @property {string} terminal 8 digits
 *
 * @typedef {Object} Request what the server says is to be sent
 * @property {"transfer" | "administration"} method
 * @property {48 | 49 | 50} [transaction_type]
 * @property {number} [amount] minor units
 * @property {number} [adm_code]
 */

function escape(text) {
  const escaped = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"};
  return String(text).replace(/[&<>"]/g, (character) => escaped[character]);
}

/** @param {[string, string | number][]} fields their order is the wire's */
function element(name, fields = []) {
  const content = fields.map(([key, value]) =>
    value === "" ? `<${key}/>` : `<${key}>${escape(value)}</${key}>`
  );
  return content.length ? `<${name}>${content.join("")}</${name}>` : `<${name}/>`;
}

function envelope({ecrId, terminal}, content) {
  const header = `<MessageHeader ECRID="${escape(ecrId)}" TerminalID="${escape(terminal)}" VersionNumber="1"/>`;
  return `<NetsRequest>${header}${content}</NetsRequest>`;
}

/** @param {Header} header */
export function openRequest(header) {
  return envelope(header, element("Open"));
}

/**
 * @param {Header} header
 * @param {Request} request
 * @returns {string} XML
 * @raise {RangeError} what is no request: nothing may be sent then
 */
export function writeRequest(header, request) {
  if (request.method === "administration") {
    if (!Object.values(ADMINISTRATION).includes(request.adm_code)) {
      throw new RangeError(`No administration: ${request.adm_code}`);
    }
    return envelope(
      header,
      element("Dfs13Administration", [
        ["OperId", OPERATOR],
        ["AdmCode", request.adm_code],
        ["OptionalData", ""],
      ])
    );
  }
  const isAmount = Number.isSafeInteger(request.amount) && request.amount > 0;
  const isType = Object.values(TRANSFERS).includes(request.transaction_type);
  if (request.method !== "transfer" || !isAmount || !isType) {
    throw new RangeError(
      `No transfer: ${request.method} ${request.transaction_type} ${request.amount}`
    );
  }
  return envelope(
    header,
    element("Dfs13TransferAmount", [
      ["TransactionType", request.transaction_type],
      ["OperId", OPERATOR],
      ["Amount1", request.amount],
      ["Amount2", 0],
      ["Amount3", 0],
      ["Type2", NEUTRAL],
      ["Type3", NEUTRAL],
      ["HostData", ""],
      ["ArticleNumber", ""],
      ["PCC", ""],
      ["AuthorisationCode", ""],
      ["OptionalData", ""],
    ])
  );
}

/**
 * One message of the agent.
 *
 * @typedef {Object} AgentMessage
 * @property {"local_mode" | "last_result" | "display" | "print" | "ready" | "error" | "rejected" | "other" | "unreadable"} kind
 * @property {string} terminal of its header, "" where it names none
 * @property {string} ecrId likewise
 * @property {string} code of an error or a rejection
 * @property {string} text what is displayed or printed, or the words of an error or a rejection
 */

const KINDS = {
  Dfs13LocalMode: "local_mode",
  Dfs13LastFinancialResult: "last_result",
  Dfs13DisplayText: "display",
  Dfs13PrintText: "print",
  Dfs13TerminalReady: "ready",
  Dfs13Error: "error",
  MethodRejected: "rejected",
};
/** Where the code and the words of a refusal stand. */
const REFUSALS = {error: ["ErrorCode", "ErrorString"], rejected: ["Code", "Info"]};

// eslint-disable-next-line no-control-regex
const NO_XML = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;
const REFERENCE = /&(?:(?:lt|gt|amp|quot|apos);|#(?:x([0-9a-f]{1,6})|([0-9]{1,7}));)?/gi;

/** Escape ampersands that stand for themselves, and leave out what a printer is told. */
function mend(text) {
  return text.replace(REFERENCE, (match, hexadecimal, decimal) => {
    if (hexadecimal || decimal) {
      const number = hexadecimal ? parseInt(hexadecimal, 16) : parseInt(decimal, 10);
      return number < 32 && ![9, 10, 13].includes(number) ? "" : match;
    }
    return match === "&" ? "&amp;" : match;
  });
}

/** @returns {Element | null} the root */
function parse(text) {
  const {documentElement: root} = new DOMParser().parseFromString(text, "text/xml");
  return root.localName === "NetsResponse" && !root.getElementsByTagName("parsererror").length
    ? root
    : null;
}

function child(node, name) {
  return [...(node?.children || [])].find((item) => item.localName === name);
}

/** The text of a child or an attribute, "" where there is none. */
function textOf(node, name) {
  const text = child(node, name)?.textContent ?? node?.getAttribute(name);
  return (text || "").trim();
}

/** The text of a display or a print: of its element `Text`, its own, or of all that is in it. */
function shown(node) {
  const texts = [...node.children].filter((item) => item.localName === "Text");
  const parts = texts.length ? texts : [...node.children];
  return (
    parts.length ? parts.map((item) => item.textContent).join("\n") : node.textContent
  ).trim();
}

function readElement(node, terminal, ecrId) {
  const kind = KINDS[node.localName] || "other";
  const message = {kind, terminal, ecrId, code: "", text: ""};
  if (kind === "display" || kind === "print") {
    message.text = shown(node);
  } else if (REFUSALS[kind]) {
    [message.code, message.text] = REFUSALS[kind].map((name) => textOf(node, name));
  }
  return message;
}

/**
 * @param {string} text one document
 * @returns {AgentMessage[]} at least one: a document may hold several, and what can't be read is one, too
 */
export function readDocument(text) {
  const clean = text.replace(NO_XML, "");
  const root = parse(clean) || parse(mend(clean));
  if (!root) {
    return [{kind: "unreadable", terminal: "", ecrId: "", code: "", text: ""}];
  }
  const header = child(root, "MessageHeader");
  const terminal = textOf(header, "TerminalID");
  const ecrId = textOf(header, "ECRID");
  const nodes = [...root.children].filter((node) => node !== header);
  return nodes.length
    ? nodes.map((node) => readElement(node, terminal, ecrId))
    : [{kind: "other", terminal, ecrId, code: "", text: ""}];
}

/** @returns {boolean} whether nothing speaks against it being for this terminal and this page */
export function isFor(message, {terminal, ecrId}) {
  const fits = (a, b) => !a || !b || a === b;
  return fits(message.terminal, terminal) && fits(message.ecrId, ecrId);
}

/** @returns {string} the version of the agent's or the terminal's software, "" where a document names none */
export function readSoftware(text) {
  const found =
    /<(\w*Version)>\s*([^<>]{1,60}?)\s*<|[\s<](?!VersionNumber)(\w*Version)\s*=\s*"([^"<>]{1,60})"/.exec(
      text.replace(/^<\?xml[^>]*>/, "")
    );
  return found ? found[2] || found[4] : "";
}
