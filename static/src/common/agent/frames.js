/** The longest document that is waited for, in characters; a report of many pages has some ten thousand. */
const MAX_DOCUMENT = 512 * 1024;

/** What is passed over as a whole: there, angle brackets are text. */
const PASSAGES = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
];
const ROOT = /^<(?:[\w.-]+:)?NetsResponse[\s/>]/;
const ROOT_END = /^<\/(?:[\w.-]+:)?NetsResponse\s*>/;
const LONGEST_ROOT = 60;

/**
 * Puts documents together from frames: text or binary (UTF-8), with halves of them, and several in one.
 *
 * A document is one `NetsResponse`. What stands before it (a declaration, a document type) and between two is left out,
 * and a half one is given up when the next begins: its other half will not come.
 */
export class DocumentReader {
  constructor() {
    this.decoder = new TextDecoder();
    this.reset();
  }

  reset() {
    this.buffer = "";
    this.start = -1; // of the document that is being read
    this.position = 0; // up to where the buffer is read
  }

  /**
   * @param {string | ArrayBuffer} data of one frame
   * @returns {string[]} the documents that are whole now
   */
  push(data) {
    // A text frame is whole; what is left of a character from a binary frame before it is broken.
    this.buffer +=
      typeof data === "string"
        ? this.decoder.decode() + data
        : this.decoder.decode(data, {stream: true});
    const documents = [];
    for (let text = this.next(); text !== null; text = this.next()) {
      documents.push(text);
    }
    this.forget();
    return documents;
  }

  /** @returns {string | null} the next whole document */
  next() {
    while (true) {
      const tag = this.buffer.indexOf("<", this.position);
      if (tag < 0) {
        this.position = this.buffer.length;
        return null;
      }
      const end = this.endOf(tag);
      if (end < 0) {
        this.position = tag;
        return null;
      }
      this.position = end;
      const head = this.buffer.slice(tag, Math.min(end, tag + LONGEST_ROOT));
      if (ROOT.test(head)) {
        this.start = tag;
      }
      const isWhole = ROOT_END.test(head) || (ROOT.test(head) && this.buffer[end - 2] === "/");
      if (isWhole && this.start >= 0) {
        const text = this.buffer.slice(this.start, end);
        this.start = -1;
        return text;
      }
    }
  }

  /** @returns {number} where that ends which begins with this angle bracket; -1: it isn't there yet */
  endOf(tag) {
    for (const [open, close] of PASSAGES) {
      if (this.buffer.startsWith(open, tag)) {
        const at = this.buffer.indexOf(close, tag + open.length);
        return at < 0 ? -1 : at + close.length;
      }
      if (open.startsWith(this.buffer.slice(tag, tag + open.length))) {
        return -1; // cut in its beginning
      }
    }
    const at = this.buffer.indexOf(">", tag);
    const following = this.buffer.indexOf("<", tag + 1);
    if (following >= 0 && (at < 0 || following < at)) {
      return following; // no tag has a bracket in it: this one was cut off
    }
    return at < 0 ? -1 : at + 1;
  }

  /** Drop what was read, and what will never be a document. */
  forget() {
    const from = this.start < 0 ? this.position : this.start;
    this.buffer = this.buffer.slice(from);
    this.position -= from;
    this.start = this.start < 0 ? -1 : 0;
    if (this.buffer.length > MAX_DOCUMENT) {
      this.reset();
    }
  }
}
