#!/usr/bin/python3
# mypy: allow-untyped-calls
"""Looks at a page of `tcpwaitspy report --html` in headless Chromium, as its reader would.

    html_page.py CASE PAGE [WORD...]

Runs the case; exit status 0 where all of it holds. What fails is said on standard error.
"""
import json
import re
import sys
import time
from typing import Any, Callable

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

DEADLINE_S = 20


class Page:
    """A browser with the page open, and the questions that the cases ask of it."""

    def __init__(self, path: str) -> None:
        options = webdriver.ChromeOptions()
        for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.url = "file://" + path
        self.shape(1440, 900, "light")
        self.open("")

    def shape(self, width: int, height: int, scheme: str) -> None:
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=width < 600)
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def command(self, name: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, arguments)

    def open(self, fragment: str) -> None:
        self.driver.get("about:blank")
        self.driver.get(self.url + fragment)
        self.until(lambda: self.script("return document.documentElement.dataset.ready === 'yes'"), "the page is drawn")

    def script(self, text: str, *arguments: Any) -> Any:
        return self.driver.execute_script(text, *arguments)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.one(selector).text

    def until(self, condition: Callable[[], Any], what: str) -> None:
        try:
            WebDriverWait(self.driver, DEADLINE_S, poll_frequency=0.02).until(lambda _: condition())
        except TimeoutException:
            sys.exit(f"not within {DEADLINE_S} s: {what}\nfindings: {self.text('#finding-list')}\n"
                     f"connection: {self.text('#connection')}\nconsole: {self.driver.get_log('browser')}")

    def keys(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def drawn(self) -> None:
        """Two frames later all that was asked for is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))")


def check(holds: Any, what: str) -> None:
    if not holds:
        sys.exit("does not hold: " + what)


def same(got: Any, expected: Any, what: str) -> None:
    check(got == expected, f"{what}: expected {expected!r}, got {got!r}")


def finding_shows_its_connection(page: Page, rule: str, function: str) -> None:
    entry = next(item for item in page.all("a.finding") if rule in item.text)
    entry.click()
    page.until(lambda: rule in page.text("#finding h3"), "the finding is shown")
    same(entry.get_attribute("aria-current"), "true", "it is marked in the list")
    check(function in page.text("#finding .frames"), f"{function} in its stack")
    check(re.search(r"recv\(", page.text("#finding .code mark")), "the line of code at fault is marked")
    page.drawn()
    chosen = page.all("#lane-rows [aria-selected=true]")
    same(len(chosen), 1, "lanes that are chosen")
    same(page.one("#lanes").get_attribute("aria-activedescendant"), chosen[0].get_attribute("id"), "the active lane")
    check("CLOSE_WAIT" in chosen[0].get_attribute("aria-label"), "the lane's label has its state")
    same(page.script("""
        const at = lanes.order.indexOf(connections[view.c]) * ROW_HEIGHT + AXIS_HEIGHT + 5 - byId('lanes').scrollTop;
        const dot = byId('lane-canvas').getContext('2d').getImageData(1, at, 1, 1).data;
        const pen = document.createElement('canvas').getContext('2d');
        pen.fillStyle = theme.accent;
        pen.fillRect(0, 0, 1, 1);
        return [...dot].join() === [...pen.getImageData(0, 0, 1, 1).data].join();"""), True, "the lane is highlighted")
    check("CLOSE_WAIT" in page.text("#connection .dwells"), "its states are told")
    calls = [row.text for row in page.all("#connection .call")]
    check(any(re.search(r"recv\(.*\) = 0", row) for row in calls), f"its calls are listed: {calls}")
    check(any("CLOSE_WAIT" in row for row in calls), f"with the state that they led to: {calls}")
    check("Other side" in page.text("#connection"), "both sides, where both were traced")
    check(len(page.all("#connection .call.other")) > 0, "the other side's calls")


def links_lead_back(page: Page, rule: str) -> None:
    conn = page.script("return view.c")
    check(re.search(rf"\bc={conn}\b", page.driver.current_url), "the address names the connection")
    other = next(item for item in page.all("a.finding") if rule not in item.text)
    other.click()
    page.until(lambda: rule not in page.text("#finding h3"), "another finding is shown")
    page.driver.back()
    page.until(lambda: rule in page.text("#finding h3"), "the way back shows the first again")
    same(page.script("return view.c"), conn, "and its connection")
    page.script("change({ f: -1 }, true)")
    next(item for item in page.all("#connection .found a") if rule in item.text).click()
    page.until(lambda: rule in page.text("#finding h3"), "the connection leads to its finding")
    fragment = page.driver.current_url.partition("#")[2]
    page.open("#" + fragment)
    check(rule in page.text("#finding h3"), "the address opens the same finding")
    same(page.script("return view.c"), conn, "the address opens the same connection")


def keyboard_is_enough(page: Page) -> None:
    page.script("byId('lanes').focus()")
    chosen = page.script("return view.c")
    page.keys(Keys.HOME, Keys.ARROW_DOWN)
    row = "return lanes.rowOf.get(connections[view.c])"
    page.until(lambda: page.script(row) == 1, "arrow down chooses the next lane")
    page.keys(Keys.ARROW_UP)
    page.until(lambda: page.script(row) == 0, "arrow up chooses the one before")
    length = page.script("return lanes.to - lanes.from")
    page.keys("+")
    check(page.script("return lanes.to - lanes.from") < length, "+ zooms in")
    page.until(lambda: "from=" in page.driver.current_url, "the address has the time that is shown")
    page.keys(Keys.ARROW_RIGHT)
    page.keys("0")
    same(page.script("return lanes.to - lanes.from"), length, "0 shows all")
    page.keys("f")
    check(page.script("const conn = connections[view.c]; return lanes.from <= conn.start && lanes.to >= conn.end"),
          "f fits the connection")
    page.keys(Keys.ENTER)
    same(page.script("return document.activeElement.id"), "connection", "Enter goes to the calls")
    page.script("change({ c: arguments[0] })", chosen)


def mouse_zooms_and_tells(page: Page) -> None:
    page.script("byId('timeline').scrollIntoView(); fitConnection()")
    page.drawn()
    x, y, span = page.script("""
        const scale = laneScale(), conn = connections[view.c], box = byId('lanes').getBoundingClientRect();
        let s = conn.firstSpan;
        while (STATES[spans.state[s]] !== 'CLOSE_WAIT') s++;
        const row = lanes.rowOf.get(conn) * ROW_HEIGHT - byId('lanes').scrollTop;
        return [box.left + scale.x(spans.t[s] + spans.d[s] * 0.3), box.top + AXIS_HEIGHT + row + ROW_HEIGHT / 2, s];""")
    page.command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    page.until(lambda: "CLOSE_WAIT" in page.text("#tip"), "a tip tells the state")
    before = page.script("return [lanes.from, lanes.to]")
    page.command("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-100, modifiers=2)
    page.until(lambda: page.script("return lanes.to - lanes.from") < before[1] - before[0], "Ctrl and the wheel zoom")
    start = page.script("return lanes.from")
    page.command("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", clickCount=1)
    page.command("Input.dispatchMouseEvent", type="mouseMoved", x=x - 60, y=y, button="left", buttons=1)
    page.command("Input.dispatchMouseEvent", type="mouseReleased", x=x - 60, y=y, button="left", clickCount=1)
    page.until(lambda: page.script("return lanes.from") > start, "dragging moves the time")


def filters_let_through(page: Page, rule: str) -> None:
    total = len(page.all("a.finding"))
    page.one("#filter-text").send_keys(rule)
    page.until(lambda: 0 < len(page.all("a.finding")) < total, "text leaves fewer findings")
    check(all(rule in item.text for item in page.all("a.finding")), "only those that have it")
    check("of" in page.text("#filter-count"), "how many are left is said")
    page.one("#filter-clear").click()
    page.until(lambda: len(page.all("a.finding")) == total, "clearing brings all back")
    for button in page.all("#filter-severity button"):
        if button.get_attribute("data-severity") != "note":
            button.click()
    page.until(lambda: all("note" in item.text for item in page.all("a.finding")), "notes alone")
    page.one("#filter-clear").click()
    lanes = page.script("return lanes.order.length")
    page.one("#diagram [data-state=CLOSE_WAIT]").send_keys(Keys.ENTER)
    page.until(lambda: page.script("return lanes.order.length") < lanes, "a state of the diagram filters the lanes")
    page.one("#filter-clear").click()


def pictures_tell(page: Page) -> None:
    ways = page.script("""
        return [...document.querySelectorAll('#diagram .way.taken title')].map((title) => title.textContent)""")
    check(any(way.startswith("ESTABLISHED to CLOSE_WAIT") for way in ways), f"the way into CLOSE_WAIT: {ways}")
    same(len(page.all("#diagram .node")), 12, "eleven states, CLOSED twice")
    row = page.text("#histogram tbody tr")
    check(re.search(r"handle_client \S+\.c:\d+", row), f"the place in the histogram: {row}")
    check(page.all("#histogram .bins rect"), "bars")


def nothing_from_outside(page: Page) -> None:
    meta = page.one("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    check("default-src 'none'" in meta and "unsafe" not in meta, "the policy: " + meta)
    asked = []
    for entry in page.driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"].partition("#")[0])
    same({url for url in asked if url != "about:blank"}, {page.url}, "what the page asked for")
    same(page.driver.execute_async_script("""
        const done = arguments[0];
        addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective), { once: true });
        document.body.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:9/x.png' }));
        """), "img-src", "an image from outside is refused")


def is_quiet(page: Page) -> None:
    log = [entry for entry in page.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    same(log, [], "the console")


def paper_has_all(page: Page) -> None:
    page.script("dispatchEvent(new Event('beforeprint'))")
    same(len(page.all("#paper article")), page.script("return findings.length"), "findings on paper")


def contrast(page: Page) -> Any:
    """WCAG 2.1: text at least 4.5 to 1."""
    return page.script("""
        const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const light = (name) => {
            pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
            pen.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((v) => v / 255)
                .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
        const pairs = [];
        for (const ink of ['--text', '--dim', '--accent', '--error', '--warning', '--note', '--good'])
            for (const ground of ['--page', '--chosen', '--panel'])
                pairs.push([ink, ground, ratio(ink, ground)]);
        for (const state of Object.keys(STATE_LOOKS).filter((name) => STATE_LOOKS[name].height >= 11))
            pairs.push(['--i-' + state, '--s-' + state, ratio('--i-' + state, '--s-' + state)]);
        return pairs.filter(([, , value]) => value < 4.5);""")


def case_leak(path: str, rule: str, function: str) -> Page:
    page = Page(path)
    finding_shows_its_connection(page, rule, function)
    links_lead_back(page, rule)
    keyboard_is_enough(page)
    mouse_zooms_and_tells(page)
    filters_let_through(page, rule)
    pictures_tell(page)
    paper_has_all(page)
    is_quiet(page)
    nothing_from_outside(page)
    return page


def case_looks(path: str) -> Page:
    page = Page(path)
    for scheme, width in (("light", 1440), ("dark", 390)):
        page.shape(width, 844, scheme)
        page.open("")
        same(contrast(page), [], f"too little contrast ({scheme})")
        check(page.script("return document.documentElement.scrollWidth") <= width, f"the page fits {width} pixels")
    is_quiet(page)
    return page


def case_hostile(path: str, *names: str) -> Page:
    page = Page(path)
    page.script("for (const finding of findings) chooseFinding(finding.index)")
    page.script("drawPaper(); byId('filter-process').focus(); showTip(10, 10, tipFor(connections[0], { event: 0 }))")
    same(page.script("return window.pwned"), None, "what a name did")
    same(page.script("return document.scripts.length"), 2, "scripts: the data and the page's own")
    same(len(page.all("img, iframe, object, embed, svg image")), 0, "elements that a name made")
    everything = page.script("return document.documentElement.textContent")
    findings = page.script("return findings.map((finding) => finding.message + finding.remedy).join()")
    for name in names:
        check(name in everything, f"it is shown as it is: {name}")
        check(name in findings, f"it is not changed: {name}")
    is_quiet(page)
    return page


def case_large(path: str, least: str) -> Page:
    started = time.monotonic()
    page = Page(path)
    loaded = page.script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    check(page.script("return events.t.length") >= int(least), f"at least {least} events")
    check(page.script("return document.querySelectorAll('*').length") < 4000, "what is out of sight has no elements")
    frames = json.loads(page.driver.execute_async_script("""
        const done = arguments[0], work = [];
        const steps = [...Array(40).keys()].map((i) => () => { byId('lanes').scrollTop = i * 997; })
            .concat([...Array(40).keys()].map((i) => () => zoom(i < 20 ? 0.8 : 1.25)));
        const next = () => {
            const began = performance.now();
            steps.pop()();
            drawLanes();
            work.push(performance.now() - began);
            if (steps.length) requestAnimationFrame(next);
            else done(JSON.stringify(work.sort((a, b) => a - b)));
        };
        requestAnimationFrame(next);"""))
    size = page.script("return [events.t.length, lanes.order.length]")
    print(f"{size[0]} events in {size[1]} lanes: loaded in {loaded:.0f} ms, a step of scrolling or zooming drawn in "
          f"{frames[len(frames) // 2]:.1f} ms (median), {frames[-1]:.1f} ms (longest); "
          f"browser and page {time.monotonic() - started:.1f} s")
    busiest = page.script("""
        const count = (conn) => conn.eventEnd - conn.firstEvent;
        const busiest = connections.reduce((best, conn) => count(conn) > count(best) ? conn : best);
        chooseConnection(busiest.index);
        return count(busiest);""")
    page.drawn()
    same(page.one(".calls").get_attribute("aria-rowcount"), str(busiest + 1), "the table knows all its rows")
    check(len(page.all("#connection .call")) < 100, "of a long list of calls only those in sight are elements")
    page.script("calls.box.scrollTop = calls.box.scrollHeight")
    page.until(lambda: page.all(f"#connection .call[aria-rowindex='{busiest + 1}']"), "the last call can be reached")
    is_quiet(page)
    return page


def case_without_calls(path: str) -> Page:
    page = Page(path)
    check("handle_client" in page.text("#verdict"), "the place is known from the finding")
    check("no calls" in page.text("#connection"), "that the calls are not there is said")
    check("as the summary tells" in page.text("#histogram"), "the time in CLOSE_WAIT is known from the summary")
    page.script("fitConnection(); byId('lanes').focus()")
    page.keys(Keys.ARROW_DOWN, "+", Keys.ENTER)
    is_quiet(page)
    return page


def case_healthy(path: str) -> Page:
    page = Page(path)
    check("No errors, no warnings" in page.text("#verdict"), page.text("#verdict"))
    is_quiet(page)
    return page


def main() -> None:
    globals()["case_" + sys.argv[1]](*sys.argv[2:]).driver.quit()


main()
