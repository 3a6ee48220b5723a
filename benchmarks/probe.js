/* In each page that is measured: notes when what is waited for is there, by the machine's clock. */
(() => {
  if (window.top !== window) {
    return;
  }
  const bench = (window.bench = {marks: {}, waited: {}, press: null});
  const mark = (name) => (bench.marks[name] ??= Date.now());
  const look = () => {
    for (const [name, isThere] of Object.entries(bench.waited)) {
      try {
        if (isThere()) {
          mark(name);
          delete bench.waited[name];
        }
      } catch {
        // what it looks at isn't loaded yet
      }
    }
  };
  /** Look right after a method was called, too, once and for all. */
  bench.after = (prototype, method) => {
    const original = prototype[method];
    if (!original.looksAfter) {
      prototype[method] = function () {
        const result = original.apply(this, arguments);
        look();
        return result;
      };
      prototype[method].looksAfter = true;
    }
  };
  let timer = null;
  let observer = null;
  /**
   * Forget what was noted, and wait for something new.
   *
   * @param {string} press selector of what will be pressed
   * @param {Object<string, Function>} waited name → whether it is there
   */
  bench.arm = (press, waited) => {
    bench.disarm();
    Object.assign(bench, {marks: {}, waited, press});
    observer = new MutationObserver(look);
    observer.observe(document.body, {
      characterData: true,
      childList: true,
      subtree: true,
    });
    timer = setInterval(look, 4);
  };
  bench.disarm = () => {
    clearInterval(timer);
    observer?.disconnect();
    bench.press = null;
  };
  document.addEventListener(
    "click",
    (event) => {
      if (bench.press && event.target.closest(bench.press)) {
        mark("press");
      }
    },
    true
  );
})();
