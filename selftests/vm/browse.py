# SPDX-License-Identifier: GPL-2.0
"""
browse.py [--pages] HTML: open every page below the directory HTML in headless Chromium,
as a phone does, and print what is wrong; fails if anything is. Prints a line for each
check, and last "N passed, N failed". With --pages the search and the menu are not tried.

A page is wrong if the console has a message, if it is wider than the screen, if text can
hardly be told from its background in the light or the dark scheme, or if a picture has not
loaded or has no text alternative. Links between pages must lead to a page, and to a place
on it. The search must find what is there, and nothing else, and the menu must work.
"""

import pathlib
import sys
import tempfile
import urllib.parse

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

WIDTHS = (360, 1280)
# what WCAG 2.1 asks of text
CONTRAST = 4.5
# Only a browser that hangs reaches this.
LIMIT = 120

# The contrast of each piece of visible text, of a document or a drawing.
CONTRAST_JS = """
const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
function rgba(text) {
	canvas.clearRect(0, 0, 1, 1);
	canvas.fillStyle = text;
	canvas.fillRect(0, 0, 1, 1);
	const d = canvas.getImageData(0, 0, 1, 1).data;
	return [d[0], d[1], d[2], d[3] / 255];
}
function luminance(c) {
	const [r, g, b] = c.map(v => v / 255).map(
		v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function over(top, below) {
	return [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
}
function background(element) {
	const layers = [];
	for (let e = element; e; e = e.parentElement)
		layers.push(rgba(getComputedStyle(e).backgroundColor));
	return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
}
const bad = new Set();
for (const e of document.body.querySelectorAll("*")) {
	const text = [...e.childNodes].filter(n => n.nodeType == Node.TEXT_NODE)
		.map(n => n.data.trim()).join("");
	const box = e.getBoundingClientRect();
	if (!text || !box.width ||
	    !e.checkVisibility({checkVisibilityCSS: true, checkOpacity: true}))
		continue;
	const style = getComputedStyle(e);
	const below = background(e);
	const color = over(rgba(e instanceof SVGElement ? style.fill : style.color), below);
	const [high, low] = [luminance(color), luminance(below)].sort((a, b) => b - a);
	const ratio = (high + 0.05) / (low + 0.05);
	if (ratio < arguments[0])
		bad.add(`${e.localName} "${text.slice(0, 30)}": ${ratio.toFixed(1)}`);
}
return [[...bad], luminance(background(document.body))];
"""

WIDE_JS = """
const width = arguments[0];
if (document.documentElement.scrollWidth <= width)
	return [];
const wide = [...document.querySelectorAll("body *")]
	.filter(e => e.getBoundingClientRect().right > width + 1 &&
		!e.parentElement.closest("table, pre"))
	.map(e => `${e.localName} "${e.textContent.trim().split("\\n")[0].slice(0, 30)}"`);
return [`${document.documentElement.scrollWidth} pixels`, ...wide.slice(0, 3)];
"""

PICTURES_JS = """
return [...document.images].filter(i => !i.complete || !i.naturalWidth || !i.alt.trim())
	.map(i => i.getAttribute("src"))
	.concat([...document.querySelectorAll(".diagram svg")]
		.filter(s => !s.getAttribute("aria-label") || !s.getBoundingClientRect().height)
		.map(s => "drawing"));
"""

PLACES_JS = """
return [[...document.querySelectorAll("[id], a[name]")].map(e => e.id || e.name),
	[...document.links].map(a => a.href)];
"""


class Site:
    """The pages, a browser, and the results so far."""

    def __init__(self, top, driver):
        self.top = top
        self.driver = driver
        self.pages = sorted(p.relative_to(top) for p in top.rglob("*.html")
                            if "_static" not in p.parts)
        self.places = {}
        self.links = {}
        self.passed = self.failed = 0

    def result(self, name, problems):
        if problems:
            self.failed += 1
            print(f"FAIL  {name}", *sorted(set(problems)), sep="\n      ", flush=True)
        else:
            self.passed += 1
            print(f"ok    {name}", flush=True)

    def screen(self, width):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 720, "deviceScaleFactor": 1, "mobile": width < 600})

    def scheme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name}]})

    def open(self, page, query=""):
        self.driver.get((self.top / page).as_uri() + query)

    def console(self):
        return [f"console: {entry['message']}" for entry in self.driver.get_log("browser")]

    def wait(self, condition):
        return WebDriverWait(self.driver, LIMIT, 0.1).until(lambda _: condition())

    def page(self, page):
        run = self.driver.execute_script
        problems = []
        self.scheme("light")
        self.screen(WIDTHS[0])
        self.open(page)
        for width in WIDTHS:
            self.screen(width)
            problems += [f"too wide for {width}: {what}" for what in run(WIDE_JS, width)]
        self.screen(WIDTHS[0])
        for scheme in ("light", "dark"):
            self.scheme(scheme)
            faint, luminance = run(CONTRAST_JS, CONTRAST)
            problems += [f"faint in {scheme}: {what}" for what in faint]
            if (luminance > 0.5) != (scheme == "light"):
                problems.append(f"the background is not {scheme}")
        problems += [f"picture: {what}" for what in run(PICTURES_JS)]
        self.places[page], self.links[page] = run(PLACES_JS)
        if not self.driver.find_elements(By.CSS_SELECTOR, "h1"):
            problems.append("no heading")
        self.result(page, problems + self.console())

    def broken(self, url):
        """Return why a link to a file leads nowhere, or None."""
        parts = urllib.parse.urlsplit(url)
        path = pathlib.Path(urllib.parse.unquote(parts.path))
        place = urllib.parse.unquote(parts.fragment)
        try:
            page = path.relative_to(self.top)
        except ValueError:
            return "is outside of the documents"
        if not path.is_file():
            return "does not exist"
        if place and place not in self.places.get(page, []):
            return "has no such place"
        return None

    def check_links(self):
        problems = []
        count = 0
        for page, links in self.links.items():
            for url in links:
                if not url.startswith("file:"):
                    continue
                count += 1
                if reason := self.broken(url):
                    problems.append(f"{page}: {url.removeprefix(self.top.as_uri())} {reason}")
        self.result(f"{count} links between {len(self.pages)} pages",
                    problems if count else ["there are no links"])

    def search(self, word, expected):
        """Search for a word; the results must have the page "expected", or be empty."""
        def finished():
            # the heading is "Searching" until the last result is shown
            return [h.text for h in self.driver.find_elements(
                By.CSS_SELECTOR, "#search-results h2")] == ["Search Results"]

        self.open(pathlib.Path("search.html"), f"?q={word}")
        self.wait(finished)
        found = [pathlib.Path(urllib.parse.unquote(urllib.parse.urlsplit(
            link.get_attribute("href")).path)).relative_to(self.top).as_posix()
                 for link in self.driver.find_elements(By.CSS_SELECTOR, "ul.search li > a")]
        problems = self.console()
        if expected and expected not in found:
            problems.append(f"{expected} is not among {found}")
        if not expected and found:
            problems.append(f"found {found}")
        self.result(f"search for {word}", problems)

    def menu(self):
        """On a narrow screen the links at the top lead to the contents, and on."""
        self.screen(WIDTHS[0])
        self.open(pathlib.Path("abi.html"))
        self.driver.find_element(By.LINK_TEXT, "Contents").click()
        link = self.driver.find_element(By.CSS_SELECTOR,
                                        "div.sphinxsidebar a[href='ring-set.html']")
        self.wait(lambda: 0 <= self.driver.execute_script(
            "return arguments[0].getBoundingClientRect().top", self.driver.find_element(
                By.CSS_SELECTOR, "div.sphinxsidebar")) < 720)
        link.click()
        self.wait(lambda: self.driver.current_url.endswith("/ring-set.html"))
        self.driver.find_element(By.LINK_TEXT, "Search").click()
        self.wait(lambda: self.driver.current_url.endswith("/search.html"))
        self.result("links at the top of a narrow screen", self.console())


def browser(profile):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
                     "--no-first-run", "--disable-background-networking",
                     "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(LIMIT)
    return driver


def main():
    *only, top = sys.argv[1:]
    with tempfile.TemporaryDirectory() as profile:
        driver = browser(profile)
        try:
            site = Site(pathlib.Path(top).resolve(), driver)
            for page in site.pages:
                site.page(page)
            site.check_links()
            if only != ["--pages"]:
                site.search("doorbell", "doorbell.html")
                site.search("mmapshare_ring_reserve", "man/mmapshare_ring.3.html")
                site.search("xyzzyplugh", None)
                site.menu()
        finally:
            driver.quit()
    print(f"{site.passed} passed, {site.failed} failed")
    return site.failed != 0


sys.exit(main())
