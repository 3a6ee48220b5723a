"""Whether texts fit into what is to hold them: none cut off, none over the edge of its button, cell or window."""

# A text is seen as far as no box that it is in cuts it off, and is at home in the nearest of these.
UNFIT = """([selectors, names]) => {
    const HOME = "button, .btn, .badge, td, th, .alert, .modal-content, .o_nets_tone, .o_nets_card_line";
    const SLACK = 1.5;
    const roots = selectors.flatMap((selector) => Array.from(document.querySelectorAll(selector)));
    const beyond = ({left, right}, box) => left < box.left - SLACK || right > box.right + SLACK;
    // what scrolls up and down is no fault
    const overflows = ({top, bottom}, home) => {
        const box = home.getBoundingClientRect();
        return home.matches("button, .btn, .badge") && (top < box.top - SLACK || bottom > box.bottom + SLACK);
    };
    const unfit = [];
    for (const root of roots) {
        const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const text = texts.currentNode;
            const element = text.parentElement;
            // What is only for a screen reader is a box of one pixel; names are as long as their people like.
            const isMeant = text.data.trim() && element.checkVisibility() && element.clientWidth !== 1;
            if (!isMeant || (names && element.closest(names))) {
                continue;
            }
            const range = document.createRange();
            range.selectNodeContents(text);
            const home = element.closest(HOME);
            for (const seen of range.getClientRects()) {
                let cut = home && (beyond(seen, home.getBoundingClientRect()) || overflows(seen, home));
                for (let box = element; !cut && root.contains(box); box = box.parentElement) {
                    const {display, overflowX} = getComputedStyle(box);
                    cut = display !== "inline" && overflowX !== "visible" && beyond(seen, box.getBoundingClientRect());
                }
                if (cut || seen.left < -SLACK || seen.right > window.innerWidth + SLACK) {
                    unfit.push(`${text.data.trim()} (${element.tagName} ${element.className})`);
                    break;
                }
            }
        }
    }
    return unfit;
}"""


def unfit_texts(page, *selectors, names=""):
    """Return what doesn't fit within these elements: each text, with the element that it is in.

    :param selectors: each has to be there
    :param str names: a selector of what may be cut, since it is what somebody called a thing
    """
    for selector in selectors:
        assert page.locator(selector).count(), selector
    return page.evaluate(UNFIT, [list(selectors), names])
