/** A Baxi.Agent without a network: what the tests of the driver's layers share. */

export const WHERE = {address: "ws://127.0.0.1:8912", terminal: "10000001", ecrId: "TILL-1"};

/** What stands in for the browser's WebSocket; a test plays the agent behind it. */
export class FakeSocket {
  /** @type {FakeSocket[]} every one that was made, the newest last */
  static all = [];
  /** What happens when one is made; by default it opens and waits. */
  static onMade = (socket) => socket.open();

  /** What happens when we close one; by default the other side agrees. */
  static onClosed = (socket) => socket.drop();

  static reset() {
    FakeSocket.all = [];
    FakeSocket.onClosed = (socket) => socket.drop();
    FakeSocket.onMade = (socket) => socket.open();
  }

  static get last() {
    return FakeSocket.all.at(-1);
  }

  constructor(address) {
    this.address = address;
    this.readyState = 0;
    this.sent = [];
    FakeSocket.all.push(this);
    FakeSocket.onMade(this);
  }

  open() {
    Promise.resolve().then(() => {
      this.readyState = 1;
      this.onopen?.();
    });
  }

  /** It ends, or never opens. */
  drop() {
    Promise.resolve().then(() => {
      this.readyState = 3;
      this.onclose?.();
    });
  }

  send(text) {
    this.sent.push(text);
    this.onSent?.(text);
  }

  close() {
    this.readyState = 3;
    this.isClosed = true;
    FakeSocket.onClosed(this);
  }

  /** One frame per argument. */
  say(...frames) {
    frames.forEach((data) => this.onmessage({data}));
  }
}

export function response(content, {terminal = WHERE.terminal, ecrId = WHERE.ecrId} = {}) {
  const header = `<MessageHeader ECRID="${ecrId}" TerminalID="${terminal}" VersionNumber="1"/>`;
  return `<NetsResponse>${header}${content}</NetsResponse>`;
}

export const READY = response("<Dfs13TerminalReady/>");
export const APPROVED = localMode({
  Result: 0,
  TotalAmount: "00000001000",
  StanAuth: "000123A4B5C6",
});
export const LAST = response(
  "<Dfs13LastFinancialResult><Result>0</Result></Dfs13LastFinancialResult>"
);

export function localMode(fields, header) {
  const content = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  return response(`<Dfs13LocalMode>${content.join("")}</Dfs13LocalMode>`, header);
}

export function shows(text, header) {
  return response(`<Dfs13DisplayText>${text}</Dfs13DisplayText>`, header);
}

export function prints(text) {
  return response(`<Dfs13PrintText><Text>${text}</Text></Dfs13PrintText>`);
}

export function rejects(code, info = "") {
  return response(`<MethodRejected><Code>${code}</Code><Info>${info}</Info></MethodRejected>`);
}

export function fails(code, text = "") {
  return response(
    `<Dfs13Error><ErrorCode>${code}</ErrorCode><ErrorString>${text}</ErrorString></Dfs13Error>`
  );
}

/** @returns {ArrayBuffer} of one binary frame */
export function bytes(text) {
  return new TextEncoder().encode(text).buffer;
}
