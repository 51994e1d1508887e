"""Opens tlshive.html of a folder in Chromium, gives it what lies beside it, and holds what it finds against what the program found.
Prints a line `ok …` or `FAIL …` for each check.

judge.py FOLDER PICTURES [PART…]     (Debian's python3-selenium, chromium, chromium-driver)
"""

import http.server
import json
import sys
import threading
import time

from chromium import browser, check, folder, look, narrow, picture, quiet
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

# What differs by where and when it ran.
ITS_OWN = {"modified", "took"}
visits = []


class Visited(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        visits.append(self.path)
        self.send_error(404)

    do_POST = do_GET


def fresh(page):
    page.get((folder / "tlshive.html").as_uri())
    wait(page, "'ready' in document.body.dataset")


def wait(page, what, seconds=60):
    WebDriverWait(page, seconds, poll_frequency=0.02).until(lambda page: page.execute_script(f"return {what}"))


def give(page, field, *paths):
    """Gives files to a field, and waits until the report is shown."""
    page.execute_script("delete document.getElementById('result').dataset.took")
    page.find_element(By.ID, field).send_keys("\n".join(str(folder / path) for path in paths))
    wait(page, "'took' in document.getElementById('result').dataset || !document.getElementById('problem').hidden")
    problem = page.execute_script("const e=document.getElementById('problem');return e.hidden?null:e.textContent")
    check(f"{' '.join(map(str, paths))}: it is judged", problem is None, problem)
    return records(page.execute_script("return shown.records"))


def drop(page, *paths):
    """Drops files and folders, as a user does."""
    page.execute_script("delete document.getElementById('result').dataset.took")
    data = {"items": [], "files": [str(folder / path) for path in paths], "dragOperationsMask": 1}
    for kind, y in (("dragEnter", 10), ("dragOver", 300), ("dragOver", 300), ("drop", 300)):
        page.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": y, "data": data})
        time.sleep(0.1)  # as a hand does
    wait(page, "'took' in document.getElementById('result').dataset || !document.getElementById('problem').hidden")
    return records(page.execute_script("return shown?.records ?? ''"))


def records(text):
    return [plain(json.loads(line)) for line in text.splitlines()]


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key not in ITS_OWN}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def wanted(name):
    return records((folder / f"{name}.jsonl").read_text(encoding="utf-8"))


def same(what, found, expected):
    """The records of the machines and of the inputs, one by one."""
    kinds = [[record for record in run if record["record"] in ("host", "input")] for run in (found, expected)]
    differ = [(a.get("name", a.get("path")), b.get("name", b.get("path")), sorted(key for key in a.keys() | b.keys() if a.get(key) != b.get(key)))
              for a, b in zip(*kinds) if a != b]
    check(f"{what}: {len(kinds[1])} records as the program has them", not differ and len(kinds[0]) == len(kinds[1]),
          f"{len(kinds[0])} of {len(kinds[1])}; differ: {differ[:3]}")
    sums = [run[-1]["summary"] for run in (found, expected)]
    check(f"{what}: {sums[1]['hosts']} machines, the same sums", sums[0] == sums[1], sums)


def seen(page, name):
    time.sleep(0.5)  # the frame of the report is painted by a process of its own
    picture(page, name)


def measured(page):
    return page.execute_script("const d=document.getElementById('result').dataset;return [+d.took,+d.read]")


def fixtures(page):
    for name in ("hosts", "images", "reg"):
        fresh(page)
        same(name, give(page, "folder", name), wanted(name))
    for path in sorted((folder / "hosts").iterdir()):
        found = give(page, "folder", f"hosts/{path.name}")
        verdicts = [[record["verdict"] for record in run if record["record"] == "host" and record["unit"].endswith(path.name)]
                    for run in (found, wanted("hosts"))]
        check(f"{path.name}: {verdicts[1]}", verdicts[0] == verdicts[1], verdicts[0])


def pair(page):
    look(page, "laptop")
    tries = []
    for _ in range(5):
        fresh(page)
        found = drop(page, "hosts/disabled/SYSTEM", "hosts/disabled/SOFTWARE")
        tries.append(measured(page)[0])
    check("a pair that is dropped is one machine", [r["verdict"] for r in found if r["record"] == "host"] == ["not_compliant"])
    check(f"a pair has its verdict after {min(tries):.0f} ms", min(tries) < 500, tries)  # 200 on a machine with nothing else to do
    heading = page.execute_script("return document.activeElement.textContent")
    check("the verdict has the focus", heading == "1 machine: not compliant", heading)
    seen(page, "laptop-light-verdict")
    page.switch_to.frame("report")
    text = page.execute_script("return document.body.innerText")
    families = page.execute_script("return ['body','code'].map(e=>getComputedStyle(document.querySelector(e)).fontFamily)")
    check("the report has its style", "system-ui" in families[0] and "monospace" in families[1], families)
    check("the report is shown", "AADC-OFF" in text and page.execute_script("return document.documentElement.className") == "js", text[:200])
    page.execute_script("document.querySelector('nav a[href$=\"#rules\"]').click()")
    wait(page, "scrollY > 0", 5)
    page.switch_to.default_content()
    found = give(page, "overlay", "disable.reg")
    check("what-if: still not compliant", [r["verdict"] for r in found if r["record"] == "host"] == ["not_compliant"])
    page.execute_script("document.getElementById('as-it-is').click()")
    wait(page, "document.getElementById('as-it-is').hidden")
    same_pair = drop(page, "hosts/compliant")
    check("a folder that is dropped", [r["verdict"] for r in same_pair if r["record"] == "host"] == ["compliant"])
    found = give(page, "overlay", "disable.reg")
    check("what-if: no longer compliant", [r["verdict"] for r in found if r["record"] == "host"] == ["not_compliant"])
    seen(page, "laptop-light-what-if")
    quiet(page, "a pair")


def saved(page):
    """What the buttons save, by what the page makes of it."""
    fresh(page)
    give(page, "folder", "hosts/disabled")
    page.execute_script("window.kept = []; window.save = (name, parts) => new Blob(parts).arrayBuffer().then(b => kept.push([name, [...new Uint8Array(b)]]))")
    for number, (plan, form, begin, end) in enumerate([("fix", "reg", b"\xff\xfeW\0", "fix-AADC-OFF.reg"), ("undo", "reg", b"\xff\xfeW\0", "undo-AADC-OFF.reg"),
                                                     ("fix", "ps1", b"", "fix-AADC-OFF.ps1"), ("fix", "gpo-backup", b"PK\3\4", ".zip")]):
        page.execute_script(f"document.querySelector('[data-plan={plan}][data-format={form}]').click()")
        wait(page, f"kept.length > {number} || !document.getElementById('problem').hidden", 20)
        name, content = (page.execute_script("return kept.at(-1)") or ["", []])
        content = bytes(content)
        (folder / f"saved-{number}").write_bytes(content)
        check(f"{plan} as {form} is saved", name.endswith(end) and content.startswith(begin) and content, name)
    import zipfile
    with zipfile.ZipFile(folder / "saved-3") as archive:
        check("the zip is whole", archive.testzip() is None and "manifest.xml" in " ".join(archive.namelist()), archive.namelist())
    found = give(page, "overlay", "saved-0")
    check("with its fix the machine is compliant", [r["verdict"] for r in found if r["record"] == "host"] == ["compliant"])


def large(page):
    for name in ("large.raw", "large.vhdx"):
        fresh(page)
        found = drop(page, name)
        same(name, found, wanted(name))
        took, read = measured(page)
        check(f"{name}: {read:.0f} bytes read in {took:.0f} ms", 0 < read < 5_000_000, read)
    fresh(page)
    give(page, "files", "large.raw")


def hostile(page):
    fresh(page)
    found = give(page, "folder", "hostile")
    seen(page, "laptop-light-hostile")
    names = [record["name"] for record in found if record["record"] == "host"]
    check("hostile names: both are judged", len(names) == 2, names)
    for frame in (None, "report"):
        if frame:
            page.switch_to.frame(frame)
        images = page.execute_script("return document.images.length + document.querySelectorAll('bdi b').length")
        check(f"hostile names do nothing in the {frame or 'page'}", images == 0 and page.title != "acted", page.title)
    page.switch_to.default_content()


def refused(page):
    """What a page that was turned would try: nothing gets out, from it or from a worker of it."""
    fresh(page)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Visited)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = f"http://127.0.0.1:{server.server_port}/"
    page.set_script_timeout(20)
    tried = page.execute_async_script("""
        const [there, done] = arguments, said = [];
        const of = (what, promise) => promise.then(() => said.push(what + ' got out'), () => said.push(what));
        new Image().src = there + 'image';
        try { navigator.sendBeacon(there + 'beacon', 'x') } catch {}
        const link = document.createElement('link'); link.rel = 'stylesheet'; link.href = there + 'style'; document.head.append(link);
        const form = document.createElement('form'); form.action = there + 'form'; form.method = 'post'; form.target = 'report'; document.body.append(form);
        try { form.submit() } catch {}
        const code = `fetch('${there}worker').then(()=>postMessage('worker got out'),()=>postMessage('worker'))`;
        const worker = new Worker(URL.createObjectURL(new Blob([code])));
        Promise.all([of('fetch', fetch(there + 'fetch')), new Promise(end => { worker.onmessage = e => end(said.push(e.data)) })])
            .then(() => setTimeout(() => done(said), 500));""", there)
    time.sleep(0.5)
    check("nothing gets out, whatever is tried", sorted(tried) == ["fetch", "worker"] and not visits, f"{tried} {visits}")
    server.shutdown()
    page.get_log("browser")  # what was refused is said there


def people(page):
    look(page, "laptop")
    fresh(page)
    picture(page, "laptop-light-drop")
    look(page, "laptop", "dark")
    picture(page, "laptop-dark-drop")
    look(page, "phone")
    picture(page, "phone-light-drop")
    narrow(page, "before")
    heard(page, "before")
    give(page, "folder", "hosts/unicode-names")
    seen(page, "phone-light-verdict")
    narrow(page, "after")
    heard(page, "after")
    page.execute_script("document.querySelector('#save summary').click()")
    seen(page, "phone-light-save")
    narrow(page, "saving")
    look(page, "phone", "dark")
    seen(page, "phone-dark-verdict")
    look(page, "laptop", "dark")
    give(page, "folder", "hosts/system-only")
    seen(page, "laptop-dark-unknown")
    look(page, "laptop")
    give(page, "folder", "hosts")
    seen(page, "laptop-light-many")
    fresh(page)
    give(page, "files", "large.raw.err")
    seen(page, "laptop-light-nothing")
    # By the keyboard alone: each thing in turn, and what has the focus is seen.
    fresh(page)
    order = []
    for _ in range(5):
        page.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9})
        order.append(page.execute_script("const e=document.activeElement;return [e.id||e.tagName,getComputedStyle(e).outlineStyle]"))
    names = [name for name, _ in order]
    check("the keyboard reaches everything", names[:3] == ["choose", "choose-folder", "SUMMARY"] and order[0][1] == "solid", order)
    quiet(page, "people")


def heard(page, what):
    """What a screen reader is told."""
    nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")]
    without = [role for role, name in named if role in ("button", "region", "Iframe", "textbox", "DisclosureTriangle") and not name]
    check(f"{what}: what can be touched has a name", not without and any(role == "button" for role, _ in named), without)
    check(f"{what}: there is a place for what is said", any(role == "status" for role, _ in named), {role for role, _ in named})
    low = page.execute_script("""
        const part = c => c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        const light = ([r, g, b]) => .2126 * r + .7152 * g + .0722 * b, numbers = text => text.match(/[\\d.]+/g).map(Number);
        const behind = e => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3]) return c.slice(0, 3) } return [255, 255, 255] };
        return [...document.body.querySelectorAll('*')].filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()))
            .map(e => { const [a, b] = [numbers(getComputedStyle(e).color).slice(0, 3), behind(e)].map(c => light(part(c)) + .05); return [e.textContent.slice(0, 30), Math.max(a, b) / Math.min(a, b)] })
            .filter(([, contrast]) => contrast < 4.5)""")
    check(f"{what}: texts stand out (AA)", not low, low[:3])


page = browser()
try:
    parts = (people, pair, saved, large, hostile, fixtures, refused)
    for part in [part for part in parts if part.__name__ in sys.argv[3:]] or parts:
        try:
            part(page)
        except Exception as error:  # the part that broke is one failure; the others are still looked at
            said = page.execute_script("return document.body?.innerText ?? ''").splitlines()
            print(f"FAIL {part.__name__}: {type(error).__name__}: {str(error).splitlines()[0]} {said[:12]}", flush=True)
finally:
    page.quit()
print("end", flush=True)
