#!/usr/bin/env python3
"""page: the page of `bascule demo` in a real Chromium, on a desk and a phone, light and dark.

    python3 tests/demo/page.py [--bin PATH] [--shots FOLDER]
"""
import argparse
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chromium import Chromium  # noqa: E402
from demo import REPO, Cases, Demo, equal, truth  # noqa: E402

SCREENS = {"desk": (1280, 900), "phone": (360, 740)}
PATHS = ("/",)

# every text that shows, with its contrast against what lies behind it (WCAG 2.1, 1.4.3)
CONTRAST = r"""(() => {
    const rgb = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
    const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
    const light = c => { const l = c.slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
    const canvas = matchMedia('(prefers-color-scheme: dark)').matches &&
        getComputedStyle(document.documentElement).colorScheme.includes('dark') ? [18, 18, 18, 1] : [255, 255, 255, 1];
    const behind = e => { const stack = []; for (; e; e = e.parentElement) stack.unshift(rgb(getComputedStyle(e).backgroundColor));
        return stack.reduce((b, c) => over(c, b), canvas); };
    const bad = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let seen = 0;
    while (walk.nextNode()) {
        const e = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim(), s = getComputedStyle(e);
        if (!text || !e.getClientRects().length || s.visibility !== 'visible') continue;
        seen++;
        const ground = behind(e), a = light(over(rgb(s.color), ground)), b = light(ground);
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), px = parseFloat(s.fontSize);
        const large = px >= 24 || (px >= 18.66 && +s.fontWeight >= 700);
        if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} "${text.slice(0, 40)}" ${s.color}`);
    }
    return {seen, bad: [...new Set(bad)].slice(0, 10)};
})()"""

# what a reader without eyes, or without a mouse, needs
STRUCTURE = r"""(() => {
    const all = q => [...document.querySelectorAll(q)], faults = [], name = e => e.outerHTML.slice(0, 90);
    if (!document.documentElement.lang) faults.push('html has no lang');
    if (!document.title.trim()) faults.push('no title');
    if (all('h1').length !== 1) faults.push(`${all('h1').length} h1`);
    if (all('main').length !== 1) faults.push(`${all('main').length} main`);
    if (!document.querySelector('meta[name=viewport]')) faults.push('no viewport');
    all('h1,h2,h3,h4,h5,h6').reduce((last, h) => { const n = +h.tagName[1];
        if (n > last + 1) faults.push(`heading jumps to ${name(h)}`); return n; }, 0);
    all('img:not([alt])').forEach(e => faults.push('no alt: ' + name(e)));
    all('a,button').forEach(e => { if (!(e.textContent.trim() || e.getAttribute('aria-label'))) faults.push('no name: ' + name(e)); });
    all('a:not([href])').forEach(e => faults.push('no href: ' + name(e)));
    all('input,select,textarea').forEach(e => { if (!e.labels?.length && !e.getAttribute('aria-label')) faults.push('no label: ' + name(e)); });
    all('table').forEach(e => { if (!e.querySelector('th')) faults.push('no th: ' + name(e)); });
    const ids = all('[id]').map(e => e.id);
    ids.filter((id, i) => ids.indexOf(id) !== i).forEach(id => faults.push('id twice: ' + id));
    return faults;
})()"""

WIDE = r"""(() => { const w = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= w) return [];
    return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().left + e.scrollWidth > w + 1)
        .slice(0, 5).map(e => e.outerHTML.slice(0, 90)).concat(['...']); })()"""


def looks_right(browser, path, size, scheme, shot):
    browser.screen(*size, scheme)
    browser.open(path)
    browser.screenshot(shot)
    equal(browser.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"), scheme == "dark", "colour scheme")
    contrast = browser.evaluate(CONTRAST)
    truth(contrast["seen"] > 20, f"only {contrast['seen']} pieces of text")
    equal(contrast["bad"], [], "too little contrast")
    equal(browser.evaluate(WIDE), [], f"wider than {size[0]} px")
    equal(browser.complaints(), [], "Chromium complains")


def well_formed(browser, path):
    browser.screen(*SCREENS["desk"], "light")
    browser.open(path)
    equal(browser.evaluate("document.compatMode"), "CSS1Compat", "mode")
    equal(browser.evaluate(STRUCTURE), [], "structure")


def dark_is_dark(browser):
    """That a dark scheme is asked for shows."""
    shade = "getComputedStyle(document.body).backgroundColor"
    grounds = []
    for scheme in ("light", "dark"):
        browser.screen(*SCREENS["desk"], scheme)
        browser.open("/")
        grounds.append(browser.evaluate(shade))
    truth(grounds[0] != grounds[1], f"{grounds[0]} in both schemes")


def shows_what_is(browser, demo):
    """Each problem's title stands on the page, and as text: what trackers hold is never markup."""
    browser.open("/")
    text = browser.evaluate("document.body.textContent")
    problems = [p for p in demo.items("problems") if p["known_error"] and p["status"] != "closed"]
    shown = [p for p in problems if p["id"] in text]
    truth(shown, "no problem of " + ", ".join(p["id"] for p in problems))
    equal(browser.evaluate("document.querySelectorAll('script').length"), 0, "scripts")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--bin", default=REPO + "/build/src/bascule")
    p.add_argument("--shots", default=REPO + "/build-tests/shots", help="folder for pictures (%(default)s)")
    p.add_argument("--picture", metavar="FILE", help="write the picture of README.md, too")
    args = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.makedirs(args.shots, exist_ok=True)
    cases, demo, browser = Cases(), None, None

    def start():
        nonlocal demo, browser
        demo = Demo(args.bin, "demo", limit=60)
        demo.settled()
        browser = Chromium(demo.origin)
    try:
        if cases.run("the demo and Chromium start", start):
            for path in PATHS:
                cases.run(f"{path} is well formed", well_formed, browser, path)
                for screen, size in SCREENS.items():
                    for scheme in ("light", "dark"):
                        name = f"{path.strip('/') or 'page'}-{screen}-{scheme}"
                        cases.run(f"{path} on a {screen}, {scheme}", looks_right, browser, path, size, scheme,
                                  os.path.join(args.shots, name + ".png"))
            cases.run("dark is dark", dark_is_dark, browser)
            cases.run("shows the problems, without a script", shows_what_is, browser, demo)
            if args.picture:
                browser.screen(1200, 820, "light")
                browser.open("/")
                browser.screenshot(args.picture, kind="webp", quality=75)
    finally:
        if browser:
            browser.close()
        if demo:
            demo.stop()
    cases.end()


if __name__ == "__main__":
    main()
