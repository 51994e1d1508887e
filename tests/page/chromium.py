"""Chromium, for what looks at pages in it: NAME.py FOLDER PICTURES … (Debian's python3-selenium, chromium, chromium-driver)"""

import base64
import json
import sys
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

folder, pictures = map(Path, sys.argv[1:3])
SIZES = {"phone": (390, 844, True), "laptop": (1440, 900, False)}


def browser():
    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-device-scale-factor=1"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def check(what, good, said=""):
    print(f"ok {what}" if good else f"FAIL {what}: {said}", flush=True)


def look(page, size, theme="light"):
    width, height, mobile = SIZES[size]
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                         {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile})
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]})


def picture(page, name, whole=False):
    shot = page.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": whole})
    (pictures / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def quiet(page, what):
    said = [entry["message"] for entry in page.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    check(f"{what}: the console is silent", not said, said[:2])
    asked = []
    for entry in page.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    others = [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
    check(f"{what}: nothing is loaded", not others, others[:2])


def narrow(page, what):
    """On a phone nothing but the regions that scroll is wider than the screen."""
    wide = page.execute_script("return document.documentElement.scrollWidth")
    check(f"{what}: fits a phone", wide <= 390, f"{wide} pixels")
    small = page.execute_script("""
        return [...document.querySelectorAll('button,select,input,summary')].filter(e=>e.checkVisibility())
            .map(e=>[e.textContent.slice(0,30),e.getBoundingClientRect().height]).filter(([,h])=>h<24)""")
    check(f"{what}: what is touched is 24 pixels high", not small, small[:3])
