import {
  CONNECT_TIME,
  AgentTransport,
  reconnectDelay,
} from "@nets_connect_cloud/common/agent/transport";
import {advanceTime} from "@odoo/hoot-mock";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {DocumentReader} from "@nets_connect_cloud/common/agent/frames";
import {APPROVED, FakeSocket, READY, WHERE, bytes, prints, shows} from "./helpers";

describe.current.tags("headless");

beforeEach(() => FakeSocket.reset());

// === FRAMES === //

function read(...frames) {
  const reader = new DocumentReader();
  return frames.flatMap((frame) => reader.push(frame));
}

test("a frame may hold half a document, or several", () => {
  expect(read(APPROVED)).toEqual([APPROVED]);
  expect(read(APPROVED.slice(0, 70), APPROVED.slice(70))).toEqual([APPROVED]);
  expect(read(...APPROVED)).toEqual([APPROVED], {message: "a character at a time"});
  expect(read(`${shows("A")}\r\n${APPROVED}  ${READY}`)).toEqual([shows("A"), APPROVED, READY]);
  expect(read(APPROVED + READY.slice(0, 9), READY.slice(9) + READY)).toEqual([
    APPROVED,
    READY,
    READY,
  ]);
});

test("binary frames are UTF-8, and may cut a character in two", () => {
  const text = shows("Kjøp – 100 €");
  expect(read(bytes(text))).toEqual([text]);
  const data = new Uint8Array(bytes(text));
  expect(read(...[...data].map((byte) => new Uint8Array([byte]).buffer))).toEqual([text]);
  expect(read(text.slice(0, 20), bytes(text.slice(20)))).toEqual([text]);
});

test("what stands between documents is left out", () => {
  const declared = `\ufeff<?xml version="1.0" encoding="utf-8"?>\n<!-- > <NetsResponse> -->${READY}`;
  expect(read(`noise > ${declared}<Other/>${READY}</NetsResponse>`)).toEqual([READY, READY]);
  expect(read(`<!DOCTYPE a [<!ENTITY b "c">]>${READY}`)).toEqual([READY]);
  expect(read('<n:NetsResponse a="b"/>')).toEqual(['<n:NetsResponse a="b"/>']);
});

test("angle brackets in a passage of text end nothing", () => {
  const text = prints("<![CDATA[</NetsResponse> <NetsResponse>]]>");
  expect(read(...text)).toEqual([text]);
});

test("half a document is given up when the next begins", () => {
  expect(read(APPROVED.slice(0, 60), APPROVED)).toEqual([APPROVED]);
  expect(read("<NetsResponse>".repeat(50), READY)).toEqual([READY]);
});

test("what never becomes a document isn't kept", () => {
  const reader = new DocumentReader();
  const piece = "x".repeat(64 * 1024);
  reader.push("<NetsResponse>");
  for (let i = 0; i < 20; i++) {
    reader.push(piece);
    expect(reader.buffer.length).toBeLessThan(600 * 1024);
  }
  expect(reader.push(READY)).toEqual([READY]);
});

// === THE CONNECTION === //

function makeTransport(options = {}) {
  const heard = [];
  const transport = new AgentTransport(options.address || WHERE.address, {
    WebSocket: FakeSocket,
    isSecurePage: false,
    onDocument: (text) => heard.push(text),
    onClose: () => heard.push("closed"),
    ...options,
  });
  return {transport, heard};
}

/** @returns {Promise<string>} why it didn't open */
async function reasonOf(options) {
  try {
    await makeTransport(options).transport.connect();
    return "";
  } catch (error) {
    return error.reason;
  }
}

test("documents come in, and go out", async () => {
  const {transport, heard} = makeTransport();
  await transport.connect();
  FakeSocket.last.say(bytes(READY), APPROVED);
  expect(heard).toEqual([READY, APPROVED]);
  expect(transport.send("<a/>")).toBe(true);
  expect(FakeSocket.last.sent).toEqual(["<a/>"]);
});

test("what isn't handed to an open connection is told to be unsent", async () => {
  const {transport, heard} = makeTransport();
  expect(transport.send("<a/>")).toBe(false);
  await transport.connect();
  const socket = FakeSocket.last;
  socket.readyState = 2; // closing: browsers drop what is sent now, and say nothing
  expect(transport.send("<a/>")).toBe(false);
  expect(socket.sent).toEqual([]);
  socket.drop();
  await Promise.resolve();
  expect(heard).toEqual(["closed"]);
  expect(transport.send("<a/>")).toBe(false);
});

test("why it doesn't open", async () => {
  FakeSocket.onMade = (socket) => socket.drop();
  expect(await reasonOf({})).toBe("refused");
  expect(await reasonOf({address: "http://127.0.0.1:8912"})).toBe("address");
  expect(await reasonOf({address: "the till"})).toBe("address");
  expect(await reasonOf({isSecurePage: true})).toBe("refused", {
    message: "loopback is let through",
  });
  expect(await reasonOf({isSecurePage: true, address: "wss://10.0.0.9:1"})).toBe("refused");
  expect(await reasonOf({isSecurePage: true, address: "ws://10.0.0.9:1"})).toBe("blocked");
  FakeSocket.onMade = () => {
    throw new DOMException("Mixed content", "SecurityError");
  };
  expect(await reasonOf({isSecurePage: true, address: "ws://10.0.0.9:1"})).toBe("blocked");
});

test("it opens in time, or not at all", async () => {
  FakeSocket.onMade = () => undefined;
  const reason = reasonOf({});
  await advanceTime(CONNECT_TIME);
  expect(await reason).toBe("timeout");
  expect(FakeSocket.last.isClosed).toBe(true);
});

test("after it was closed nothing is heard any more", async () => {
  const {transport, heard} = makeTransport();
  await transport.connect();
  const {onmessage, onclose} = FakeSocket.last;
  expect(Boolean(onmessage && onclose)).toBe(true);
  transport.close();
  expect(FakeSocket.last.isClosed).toBe(true);
  expect(FakeSocket.last.onmessage).toBe(null);
  FakeSocket.last.drop();
  await Promise.resolve();
  expect(heard).toEqual([]);
});

test("the pause before it is opened again grows, and stays bounded", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 1000].map(reconnectDelay)).toEqual([
    1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000,
  ]);
});
