import {AgentSession, TIMES} from "@nets_connect_cloud/common/agent/session";
import {advanceTime, tick} from "@odoo/hoot-mock";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {
  APPROVED,
  FakeSocket,
  LAST,
  READY,
  WHERE,
  fails,
  localMode,
  prints,
  rejects,
  response,
  shows,
} from "./helpers";

describe.current.tags("headless");

const CUSTOMER_TIME = 300000;
let events = [];

beforeEach(() => {
  FakeSocket.reset();
  events = [];
});

function makeSession() {
  const session = new AgentSession(WHERE, {WebSocket: FakeSocket, isSecurePage: false});
  for (const name of ["display", "connect", "disconnect", "stray"]) {
    session.bus.addEventListener(name, ({detail}) => events.push([name, ...Object.values(detail)]));
  }
  return session;
}

/** The agent answers each *Open* with this. */
function answerOpen(...texts) {
  FakeSocket.onMade = (socket) => {
    socket.open();
    socket.onSent = (text) => {
      if (text.includes("<Open/>")) {
        Promise.resolve().then(() => socket.say(...texts));
      }
    };
  };
}

async function openSession() {
  answerOpen(READY);
  const session = makeSession();
  await session.open();
  events = [];
  FakeSocket.last.sent = [];
  return session;
}

/** Iterate over a run as the till does: each candidate is reported, and `isEnd` is the server's answer. */
function listen(run, isEnd = () => true) {
  const seen = {candidates: [], ended: false};
  seen.promise = (async () => {
    for await (const candidate of run) {
      seen.candidates.push(candidate);
      if (await isEnd(candidate)) {
        break;
      }
    }
    seen.ended = true;
  })();
  return seen;
}

async function pay(session, isEnd, options) {
  const run = session.pay(1000, options);
  const seen = listen(run, isEnd);
  await tick();
  await tick();
  return {run, seen, socket: FakeSocket.last};
}

async function settle() {
  for (let i = 0; i < 5; i++) {
    await tick();
  }
}

function isRunning(socket) {
  return socket.sent.some((text) => text.includes("Dfs13TransferAmount"));
}

// === OPEN === //

test("it is opened once, whoever asks, and said to be open by anything but a refusal", async () => {
  answerOpen(READY);
  const session = makeSession();
  expect(session.state).toBe("closed");
  const opened = [session.open(), session.open()];
  expect(session.state).toBe("opening");
  await Promise.all(opened);
  await session.open();
  expect(session.state).toBe("ready");
  expect(FakeSocket.all).toHaveLength(1);
  expect(FakeSocket.last.sent).toHaveLength(1);
  expect(events).toEqual([["connect"]]);
});

test("an agent that is open already is open", async () => {
  answerOpen(rejects("7102", "Already open"));
  const session = makeSession();
  await session.open();
  expect(session.state).toBe("ready");
});

test("an agent that says nothing to it is open", async () => {
  const session = makeSession();
  session.open();
  await settle();
  await advanceTime(TIMES.open - 1000);
  expect(session.state).toBe("opening");
  await advanceTime(1001);
  expect(session.state).toBe("ready");
});

test("a display doesn't yet say that it is open", async () => {
  answerOpen(shows("Welcome"), rejects("9100", "Unauthorised"));
  const session = makeSession();
  await expect(session.open()).rejects.toThrow(/rejected 9100 Unauthorised/);
  expect(session.state).toBe("closed");
  expect(FakeSocket.last.isClosed).toBe(true);
  answerOpen(shows("Welcome"));
  session.open();
  await settle();
  await advanceTime(TIMES.openShown + 1);
  expect(session.state).toBe("ready");
  expect(session.openMessages).toEqual([shows("Welcome")]);
});

test("an agent that isn't there, or hangs up, is not open", async () => {
  FakeSocket.onMade = (socket) => socket.drop();
  const session = makeSession();
  await expect(session.open()).rejects.toThrow(/refused/);
  FakeSocket.onMade = (socket) => {
    socket.open();
    socket.onSent = () => socket.drop();
  };
  await expect(session.open()).rejects.toThrow(/closed/);
  expect(session.state).toBe("closed");
  expect(events).toEqual([]);
});

// === CONNECTED AGAIN === //

test("as long as it is held it is opened again, after growing pauses", async () => {
  const session = await openSession();
  const release = session.keep();
  FakeSocket.last.drop();
  await settle();
  expect(events).toEqual([["disconnect"]]);
  FakeSocket.onMade = (socket) => socket.drop();
  for (const [pause, count] of [
    [1000, 2],
    [2000, 3],
    [4000, 4],
  ]) {
    await advanceTime(pause - 500);
    expect(FakeSocket.all).toHaveLength(count - 1);
    await advanceTime(600);
    await settle();
    expect(FakeSocket.all).toHaveLength(count);
  }
  answerOpen(READY);
  await advanceTime(8000);
  await settle();
  expect(session.state).toBe("ready");
  expect(events.at(-1)).toEqual(["connect"]);
  release();
  FakeSocket.last.drop();
  await settle();
  await advanceTime(120000);
  expect(FakeSocket.all).toHaveLength(5, {message: "nobody needs it any more"});
});

test("a connection that nobody uses is closed after a while", async () => {
  const session = await openSession();
  const release = session.keep();
  await advanceTime(2 * TIMES.idle);
  expect(session.state).toBe("ready");
  release();
  release();
  await advanceTime(TIMES.idle + 1);
  expect(session.state).toBe("closed");
  expect(FakeSocket.last.isClosed).toBe(true);
});

// === A PAYMENT === //

test("a payment: what is shown is heard, and the result ends it where the server says so", async () => {
  const session = await openSession();
  const shown = [];
  const {run, seen, socket} = await pay(session, () => true, {
    onDisplay: (text) => shown.push(text),
  });
  expect(socket.sent).toHaveLength(1);
  expect(socket.sent[0]).toInclude("<Amount1>1000</Amount1>");
  expect(session.state).toBe("busy");
  const said = [shows("Tap card"), shows("Please wait"), prints("RECEIPT"), APPROVED];
  socket.say(...said);
  socket.say(READY);
  await settle();
  expect(seen.ended).toBe(true);
  expect(seen.candidates).toEqual([{kind: "local_mode", messages: said}]);
  expect(shown).toEqual(["Tap card", "Please wait"]);
  expect(events.map(([name]) => name)).toEqual(["display", "display"]);
  expect(run.trouble).toBe("");
  expect(session.state).toBe("ready");
  await advanceTime(CUSTOMER_TIME + 1);
  expect(run.trouble).toBe("");
});

test("refunds, reversals and reports are asked for as what they are", async () => {
  for (const [ask, text] of [
    [(session) => session.refund(1000), "<TransactionType>49</TransactionType>"],
    [(session) => session.reverse(1000), "<TransactionType>50</TransactionType>"],
    [(session) => session.reconcile(), "<AdmCode>12592</AdmCode>"],
    [(session) => session.xReport(), "<AdmCode>12598</AdmCode>"],
    [(session) => session.zReport(), "<AdmCode>12599</AdmCode>"],
  ]) {
    const session = await openSession();
    const run = ask(session);
    const seen = listen(run);
    await settle();
    expect(FakeSocket.last.sent[0]).toInclude(text);
    FakeSocket.last.say(prints("REPORT"), localMode({Result: 1}), READY);
    await settle();
    expect(seen.candidates).toHaveLength(1);
    expect(seen.ended).toBe(true);
  }
});

test("a result for an older transaction ends nothing", async () => {
  const session = await openSession();
  const older = localMode({Result: 0, StanAuth: "000122OLDONE"});
  const {seen, socket} = await pay(session, ({messages}) => messages.includes(APPROVED));
  socket.say(older, shows("Tap card"));
  await settle();
  expect([seen.candidates.length, seen.ended]).toEqual([1, false]);
  socket.say(APPROVED, READY);
  await settle();
  expect([seen.candidates.length, seen.ended]).toEqual([2, true]);
  expect(seen.candidates[1].messages).toEqual([older, shows("Tap card"), APPROVED]);
});

test("a result that comes twice is none of the next payment", async () => {
  const session = await openSession();
  const first = await pay(session);
  first.socket.say(shows("Tap card"), APPROVED, READY);
  await settle();
  first.socket.say(APPROVED);
  expect(events.at(-1)).toEqual(["stray", [APPROVED]]);
  const second = await pay(session);
  second.socket.say(APPROVED);
  await settle();
  expect([second.run.messages, second.seen.candidates]).toEqual([[], []]);
  expect(events).toHaveLength(3);
  second.socket.say(shows("Tap card"), APPROVED, READY);
  await settle();
  expect(second.seen.candidates[0].messages).toEqual([shows("Tap card"), APPROVED]);
});

test("the next is sent once the terminal is ready again, or a while later", async () => {
  const session = await openSession();
  const first = await pay(session);
  first.socket.say(APPROVED);
  await settle();
  expect(first.seen.ended).toBe(true);
  first.socket.sent = [];
  const second = await pay(session);
  expect(isRunning(second.socket)).toBe(false);
  second.socket.say(READY);
  await settle();
  expect(isRunning(second.socket)).toBe(true);
  second.socket.say(shows("Tap card"), APPROVED);
  await settle();
  second.socket.sent = [];
  const third = await pay(session);
  await advanceTime(TIMES.settle + 1);
  await settle();
  expect(isRunning(third.socket)).toBe(true);
  expect(third.run.messages).toEqual([]);
});

test("TerminalReady before the result: it listens on for a while", async () => {
  const session = await openSession();
  const {run, seen, socket} = await pay(session);
  socket.say(shows("Tap card"), READY);
  await advanceTime(TIMES.quiet - 1000);
  expect(run.trouble).toBe("");
  socket.say(APPROVED);
  await settle();
  expect([seen.candidates.length, seen.ended, run.trouble]).toEqual([1, true, ""]);
});

test("TerminalReady and no result: it ends, and isn't known", async () => {
  const session = await openSession();
  const {run, seen, socket} = await pay(session);
  socket.say(shows("Tap card"), READY);
  await advanceTime(TIMES.quiet - 1000);
  socket.say(shows("Welcome"));
  await advanceTime(TIMES.quiet - 1000);
  expect(run.trouble).toBe("", {message: "it isn't quiet as long as anything is shown"});
  await advanceTime(1001);
  await settle();
  expect([seen.candidates.length, seen.ended, run.trouble]).toEqual([0, true, "timeout"]);
});

test("TerminalReady before anything is shown is that of something else", async () => {
  const session = await openSession();
  const {run, seen, socket} = await pay(session);
  socket.say(READY);
  await advanceTime(CUSTOMER_TIME - 1000);
  expect(run.trouble).toBe("");
  socket.say(APPROVED);
  await settle();
  expect([seen.ended, run.trouble]).toEqual([true, ""]);
});

test("nobody hangs up before the longest that a customer may take", async () => {
  const session = await openSession();
  const {run, seen} = await pay(session, () => true, {customerTimeout: 120});
  await advanceTime(120000 - 1000);
  expect(seen.ended).toBe(false);
  await advanceTime(1001);
  await settle();
  expect([seen.ended, run.trouble]).toEqual([true, "timeout"]);
});

test("what still comes of a payment that wasn't waited for can't pass for the next one's", async () => {
  const session = await openSession();
  await pay(session);
  await advanceTime(CUSTOMER_TIME + 1);
  const old = FakeSocket.last;
  await session.open();
  expect(FakeSocket.all).toHaveLength(2);
  expect(old.isClosed).toBe(true);
  expect(old.onmessage).toBe(null);
  await pay(session);
  expect(isRunning(FakeSocket.last)).toBe(true);
  await advanceTime(CUSTOMER_TIME + 1);
  const hasty = await pay(session); // it wasn't opened before
  await settle();
  expect(FakeSocket.all).toHaveLength(3);
  expect([isRunning(FakeSocket.last), hasty.run.trouble]).toEqual([true, ""]);
  await advanceTime(CUSTOMER_TIME + 1);
  FakeSocket.onMade = (socket) => socket.drop();
  const lost = await pay(session);
  await settle();
  expect(lost.run.trouble).toBe("not_written");
});

test("a refusal may be the end only as the first thing that is said", async () => {
  const session = await openSession();
  const busy = rejects("7100", "Busy");
  for (const refusal of [busy, busy, fails("8013")]) {
    const {seen, socket} = await pay(session);
    socket.say(READY, refusal);
    await settle();
    expect(seen.candidates).toHaveLength(1);
    expect(seen.candidates[0].messages).toEqual([READY, refusal]);
    expect(seen.ended).toBe(true);
    socket.say(READY);
    await settle();
  }
});

test("a refusal that the server doesn't take for the end is one once it is quiet", async () => {
  const session = await openSession();
  const {run, seen, socket} = await pay(session, () => false);
  socket.say(rejects("7506", "Bad operator id"));
  await advanceTime(TIMES.refused - 1000);
  expect([seen.candidates.length, run.trouble]).toEqual([1, ""]);
  await advanceTime(1001);
  await settle();
  expect([seen.ended, run.trouble]).toEqual([true, "timeout"]);
});

test("a refusal after anything was shown ends it as not known, once it is quiet", async () => {
  const session = await openSession();
  const {run, seen, socket} = await pay(session);
  socket.say(shows("Tap card"), rejects("7100", "Busy"));
  await advanceTime(TIMES.refused - 1000);
  socket.say(shows("Enter PIN"), fails("9000", "Lost"));
  await advanceTime(TIMES.refused - 1000);
  expect([seen.candidates.length, run.trouble]).toEqual([0, ""]);
  await advanceTime(1001);
  await settle();
  expect([seen.candidates.length, seen.ended, run.trouble]).toEqual([0, true, "timeout"]);
});

// === ABORT === //

test("an abort is a wish: the result decides, and a refusal of the abort doesn't", async () => {
  const session = await openSession();
  const {run, seen, socket} = await pay(session);
  expect(run.abort()).toBe(true);
  expect(run.abort()).toBe(true);
  expect(socket.sent.filter((text) => text.includes("<AdmCode>12594</AdmCode>"))).toHaveLength(2);
  socket.say(rejects("7100", "Busy"), fails("7104"));
  await advanceTime(2 * TIMES.refused);
  expect([seen.candidates.length, run.trouble]).toEqual([0, ""]);
  socket.say(APPROVED, READY);
  await settle();
  expect([seen.candidates.length, seen.ended, run.hasAborted]).toEqual([1, true, true]);
  expect(run.abort()).toBe(false, {message: "nothing of ours runs any more"});
});

test("a new connection is made once the old one is closed, or doesn't answer", async () => {
  const session = await openSession();
  for (const [answersClose, wait] of [
    [true, 0],
    [false, 2001],
  ]) {
    const {run, seen} = await pay(session);
    run.abort();
    FakeSocket.last.say(shows("Tap card"), APPROVED, READY);
    await seen.promise;
    const count = FakeSocket.all.length;
    FakeSocket.onClosed = () => undefined;
    session.open();
    await settle();
    expect(FakeSocket.all).toHaveLength(count, {message: "an agent may take one client alone"});
    if (answersClose) {
      FakeSocket.last.drop();
    }
    await settle();
    await advanceTime(wait);
    await settle();
    expect(FakeSocket.all).toHaveLength(count + 1);
    expect(session.state).toBe("ready");
  }
});

test("a late refusal of an abort is no answer to what comes next", async () => {
  const session = await openSession();
  const {run, socket} = await pay(session);
  run.abort();
  socket.say(shows("Cancelled"), APPROVED, READY);
  await settle();
  await session.open();
  expect(FakeSocket.last).not.toBe(socket);
  expect(socket.onmessage).toBe(null);
  const next = await pay(session);
  expect([isRunning(next.socket), next.run.trouble]).toEqual([true, ""]);
});

test("nothing is aborted that was not sent", async () => {
  const session = await openSession();
  const run = session.pay(1000);
  expect(run.abort()).toBe(false);
  expect(FakeSocket.last.sent).toEqual([]);
});

// === ONE AT A TIME === //

test("one thing at a time", async () => {
  const session = await openSession();
  const {seen, socket} = await pay(session);
  const second = session.pay(500);
  await listen(second).promise;
  expect(second.trouble).toBe("busy");
  expect(await session.lastResult()).toEqual({messages: [], reason: "busy"});
  expect(socket.sent).toHaveLength(1);
  socket.say(APPROVED, READY);
  await seen.promise;
  const third = await pay(session);
  expect(third.socket.sent).toHaveLength(2);
});

test("what is meant for another till on the same agent isn't heard", async () => {
  const session = await openSession();
  const {run, seen, socket} = await pay(session);
  socket.say(
    shows("Other", {ecrId: "TILL-2"}),
    localMode({Result: 0}, {ecrId: "TILL-2"}),
    localMode({Result: 0}, {terminal: "10000002"})
  );
  await settle();
  expect([seen.candidates.length, run.messages, events]).toEqual([0, [], []]);
  socket.say(localMode({Result: 2}, {ecrId: "", terminal: ""}));
  await settle();
  expect(seen.ended).toBe(true);
});

test("a last result that comes meanwhile is no end", async () => {
  const session = await openSession();
  const {seen, socket} = await pay(session);
  socket.say(LAST);
  await settle();
  expect(seen.candidates).toEqual([]);
});

// === LOST === //

test("a connection that is lost ends it, after what came before", async () => {
  const session = await openSession();
  const {run, seen, socket} = await pay(session, () => false);
  socket.say(shows("Tap card"), APPROVED);
  socket.drop();
  await settle();
  expect([seen.candidates.length, seen.ended, run.trouble]).toEqual([1, true, "closed"]);
  expect(session.state).toBe("closed");
  expect(events.at(-1)).toEqual(["disconnect"]);
});

test("where nothing was written it is said so", async () => {
  const session = await openSession();
  FakeSocket.last.readyState = 2;
  const {run, seen, socket} = await pay(session);
  expect([seen.ended, run.trouble, socket.sent]).toEqual([true, "not_written", []]);
  const unopened = makeSession().pay(1000);
  await listen(unopened).promise;
  expect(unopened.trouble).toBe("not_written");
});

test("a connection that is lost while it waits for the terminal has sent nothing", async () => {
  const session = await openSession();
  const first = await pay(session);
  first.socket.say(APPROVED);
  await settle();
  first.socket.sent = [];
  const second = await pay(session);
  second.socket.drop();
  await settle();
  expect([second.seen.ended, second.run.trouble, second.socket.sent]).toEqual([
    true,
    "not_written",
    [],
  ]);
});

test("of what a chatty terminal says, the beginning and the newest are kept", async () => {
  const session = await openSession();
  const {run, socket} = await pay(session);
  const said = Array.from({length: 500}, (_item, number) => shows(`Line ${number}`));
  socket.say(...said);
  expect(run.messages).toHaveLength(200);
  expect(run.messages.slice(0, 20)).toEqual(said.slice(0, 20));
  expect(run.messages.slice(20)).toEqual(said.slice(-180));
});

// === THE LAST RESULT === //

async function askLast(session, ...texts) {
  const answer = session.lastResult();
  await settle();
  FakeSocket.last.say(...texts);
  return answer;
}

test("the last result is asked for, and the session opened for it", async () => {
  answerOpen(READY);
  const session = makeSession();
  const answer = await askLast(session, shows("Welcome"), LAST);
  expect(answer).toEqual({messages: [shows("Welcome"), LAST], reason: ""});
  expect(FakeSocket.last.sent[1]).toInclude("<AdmCode>12605</AdmCode>");
  expect((await askLast(session, rejects("7100", "Busy"))).reason).toBe("rejected");
  expect((await askLast(session, fails("8013"))).reason).toBe("error");
  expect(session.state).toBe("ready");
});

test("a last result that doesn't come is not told, and its late answer belongs to nothing", async () => {
  const session = await openSession();
  const asked = session.lastResult();
  await settle();
  await advanceTime(TIMES.lastResult + 1);
  expect(await asked).toEqual({messages: [], reason: "timeout"});
  const again = session.lastResult();
  await settle();
  expect(FakeSocket.all).toHaveLength(2);
  FakeSocket.last.say(LAST);
  expect((await again).reason).toBe("");
});

test("why a last result can't be asked for", async () => {
  FakeSocket.onMade = (socket) => socket.drop();
  const session = makeSession();
  expect(await session.lastResult()).toEqual({messages: [], reason: "refused"});
  expect(session.state).toBe("closed");
  const opened = await openSession();
  const asked = opened.lastResult();
  await settle();
  FakeSocket.last.drop();
  expect((await asked).reason).toBe("closed");
});

test("a result that comes while the last one is asked for is not lost", async () => {
  const session = await openSession();
  await askLast(session, APPROVED, LAST);
  expect(events).toEqual([["stray", [APPROVED]]]);
});

test("what can't be read is kept and decides nothing", async () => {
  const session = await openSession();
  const {run, seen, socket} = await pay(session);
  const broken = response("<Dfs13LocalMode><Result>0</Dfs13LocalMode>");
  socket.say(broken);
  await settle();
  expect([seen.candidates.length, run.messages]).toEqual([0, [broken]]);
});
