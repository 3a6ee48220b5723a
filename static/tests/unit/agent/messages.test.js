import {
  isFor,
  openRequest,
  readDocument,
  readSoftware,
  writeRequest,
} from "@nets_connect_cloud/common/agent/messages";
import {describe, expect, test} from "@odoo/hoot";
import {APPROVED, LAST, READY, WHERE, fails, prints, rejects, response, shows} from "./helpers";

describe.current.tags("headless");

const HEADER = '<MessageHeader ECRID="TILL-1" TerminalID="10000001" VersionNumber="1"/>';

// === OUT === //

test("requests are written as the agent wants them", () => {
  expect(openRequest(WHERE)).toBe(`<NetsRequest>${HEADER}<Open/></NetsRequest>`);
  const transfer = {method: "transfer", transaction_type: 49, amount: 12345};
  expect(writeRequest(WHERE, transfer)).toBe(
    `<NetsRequest>${HEADER}<Dfs13TransferAmount><TransactionType>49</TransactionType>` +
      "<OperId>0000</OperId><Amount1>12345</Amount1><Amount2>0</Amount2><Amount3>0</Amount3>" +
      "<Type2>48</Type2><Type3>48</Type3><HostData/><ArticleNumber/><PCC/><AuthorisationCode/>" +
      "<OptionalData/></Dfs13TransferAmount></NetsRequest>"
  );
  expect(writeRequest(WHERE, {method: "administration", adm_code: 12592})).toBe(
    `<NetsRequest>${HEADER}<Dfs13Administration><OperId>0000</OperId><AdmCode>12592</AdmCode>` +
      "<OptionalData/></Dfs13Administration></NetsRequest>"
  );
});

test("what is no request is never written", () => {
  const wrong = [
    {},
    {method: "transfer", transaction_type: 48},
    {method: "transfer", transaction_type: 48, amount: 0},
    {method: "transfer", transaction_type: 48, amount: -1},
    {method: "transfer", transaction_type: 48, amount: 10.5},
    {method: "transfer", transaction_type: 48, amount: "1000"},
    {method: "transfer", transaction_type: 52, amount: 1000},
    {method: "administration", adm_code: 1},
  ];
  for (const request of wrong) {
    expect(() => writeRequest(WHERE, request)).toThrow(RangeError);
  }
});

test("a name can't break out of its attribute", () => {
  const text = openRequest({...WHERE, ecrId: '"><Open/>&'});
  const [root] = new DOMParser().parseFromString(text, "text/xml").children;
  expect(root.firstElementChild.getAttribute("ECRID")).toBe('"><Open/>&');
});

// === IN === //

function kindsOf(text) {
  return readDocument(text).map(({kind}) => kind);
}

test("each message is told by its element", () => {
  expect([APPROVED, LAST, READY].flatMap(kindsOf)).toEqual(["local_mode", "last_result", "ready"]);
  expect(readDocument(shows(" Enter PIN "))).toEqual([
    {kind: "display", terminal: "10000001", ecrId: "TILL-1", code: "", text: "Enter PIN"},
  ]);
  expect(readDocument(prints("A\nB"))[0].text).toBe("A\nB");
  expect(readDocument(rejects("7100", "Busy"))[0]).toEqual({
    kind: "rejected",
    terminal: "10000001",
    ecrId: "TILL-1",
    code: "7100",
    text: "Busy",
  });
  expect(readDocument(fails("9000", "Lost"))[0].code).toBe("9000");
  expect(kindsOf(response("<SomethingNew/>"))).toEqual(["other"]);
  expect(kindsOf("<NetsResponse/>")).toEqual(["other"]);
});

test("a document may hold several messages, and prefixes", () => {
  expect(kindsOf(response("<Dfs13PrintText/><Dfs13LocalMode/>"))).toEqual(["print", "local_mode"]);
  const prefixed = `<n:NetsResponse xmlns:n="urn:n"><n:Dfs13DisplayText>Hi</n:Dfs13DisplayText></n:NetsResponse>`;
  expect(readDocument(prefixed)[0].text).toBe("Hi");
  expect(readDocument(shows("<Line1>Enter</Line1><Line2>PIN</Line2>"))[0].text).toBe("Enter\nPIN");
  expect(readDocument(shows("<Text>Enter</Text><Id>7</Id>"))[0].text).toBe("Enter");
});

test("a receipt may hold what XML may not", () => {
  const [message] = readDocument(prints("\x1b!H&M &lt;3 &#x1B;&nbsp;"));
  expect([message.kind, message.text]).toEqual(["print", "!H&M <3 &nbsp;"]);
});

test("what can't be read is one message, too", () => {
  for (const text of [
    "",
    "<",
    "<NetsResponse>",
    "<Other/>",
    `<!DOCTYPE a [<!ENTITY b "c">]>${"<"}`,
  ]) {
    expect(kindsOf(text)).toEqual(["unreadable"]);
  }
});

test("whom a message is for", () => {
  const [mine] = readDocument(READY);
  expect(isFor(mine, WHERE)).toBe(true);
  expect(isFor(mine, {...WHERE, terminal: "10000002"})).toBe(false);
  expect(isFor(mine, {...WHERE, ecrId: "TILL-2"})).toBe(false);
  const [anonymous] = readDocument("<NetsResponse><Dfs13TerminalReady/></NetsResponse>");
  expect(isFor(anonymous, WHERE)).toBe(true);
});

test("a version of the software is found where one is told", () => {
  expect(readSoftware(READY)).toBe("");
  expect(readSoftware(response("<Info><SoftwareVersion> 1.4.2 </SoftwareVersion></Info>"))).toBe(
    "1.4.2"
  );
  expect(readSoftware(response('<Open AgentVersion="2.0"/>'))).toBe("2.0");
});
