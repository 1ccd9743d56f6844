"""A headless Chromium for the tests, driven over WebDriver with the standard library alone."""

import base64
import json
import shutil
import subprocess
import urllib.request
from contextlib import contextmanager

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
WHY_NOT = "no browser: install chromium and its driver (apt install chromium chromium-driver)"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Browser:
    """One page at a time."""

    def __init__(self, address):
        self.address = address

    def open(self, path, *, width=1280, height=900, dark=False):
        """Load a file in a window of that size."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])
        self._post("url", {"url": path.as_uri()})

    def run(self, script, *arguments):
        """What a piece of JavaScript returns."""
        return self._post("execute/sync", {"script": script, "args": list(arguments)})

    def errors(self):
        """What the console has complained of since it was last asked."""
        return [entry["message"] for entry in self._post("se/log", {"type": "browser"})]

    def cdp(self, command, **parameters):
        """A command of the DevTools protocol."""
        return self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path):
        """The whole page, as PNG."""
        made = self.cdp("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(made["data"]))

    def pdf(self, path):
        """The page printed."""
        made = self.cdp("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        path.write_bytes(base64.b64decode(made["data"]))

    def _post(self, what, body):
        return _call(f"{self.address}/{what}", body)


@contextmanager
def browser():
    """A browser, closed at the end with whatever it started."""
    driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        port = next(
            int(line.rstrip(".\n").rsplit(" ", 1)[1]) for line in driver.stdout if "successfully on port" in line
        )
        options = {"binary": CHROMIUM, "args": ["--headless=new", "--no-sandbox", "--disable-gpu"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = _call(f"http://127.0.0.1:{port}/session", {"capabilities": {"alwaysMatch": wanted}})
        address = f"http://127.0.0.1:{port}/session/{session['sessionId']}"
        try:
            yield Browser(address)
        finally:
            _call(address, method="DELETE")
    finally:
        driver.terminate()
        driver.wait()
        driver.stdout.close()


def _call(url, body=None, method="POST"):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with _DIRECT.open(request, timeout=3600) as answer:
        return json.loads(answer.read())["value"]
