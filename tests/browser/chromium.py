"""A headless Chromium, driven over its debugging pipe: what a test does on a page, and everything that happened there.

Commands go to its descriptor 3 and answers come from its descriptor 4, as JSON that ends with a NUL
(--remote-debugging-pipe). Every wait is bounded. The browser has a process group of its own, so that ending it ends
what it started and nothing else.
"""
import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import tempfile
import time

ANSWER_SECONDS = 60
FLAGS = ['--headless=new', '--remote-debugging-pipe', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage',
         '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
         '--hide-scrollbars', '--force-color-profile=srgb', '--mute-audio']


def find():
    """The path of a Chromium, or None. One in a snap does not count: it sees no files of ours."""
    found = filter(None, map(shutil.which, ('chromium', 'google-chrome')))
    return next((path for path in found if not path.startswith('/snap/')), None)


class Browser:
    def __init__(self, program):
        self._profile = tempfile.TemporaryDirectory(prefix='xover-browser-', ignore_cleanup_errors=True)
        self._received, self._events, self._last_id = b'', [], 0
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        # Out of the way of 3 and 4, which they become in the browser.
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (commands, answers)]
        self._log = tempfile.TemporaryFile()
        flags = FLAGS + [f'--user-data-dir={self._profile.name}'] + (['--no-sandbox'] if os.geteuid() == 0 else [])
        self._pid = os.posix_spawn(
            program, [program, *flags], {**os.environ, 'DBUS_SESSION_BUS_ADDRESS': 'disabled:'}, setpgroup=0,
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, '/dev/null', os.O_RDONLY, 0),
                          (os.POSIX_SPAWN_DUP2, self._log.fileno(), 1), (os.POSIX_SPAWN_DUP2, self._log.fileno(), 2),
                          (os.POSIX_SPAWN_DUP2, theirs[0], 3), (os.POSIX_SPAWN_DUP2, theirs[1], 4)])
        for end in (commands, answers, *theirs):
            os.close(end)

    def close(self):
        """Ends the browser and what it started."""
        try:
            os.killpg(self._pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self._pid, 0)
        os.close(self._commands)
        os.close(self._answers)
        self._profile.cleanup()

    def said(self):
        self._log.seek(0)
        return self._log.read().decode(errors='replace')

    def call(self, method, session=None, **parameters):
        """Sends a command and waits for its answer; events that come before it are kept."""
        self._last_id += 1
        message = {'id': self._last_id, 'method': method, 'params': parameters}
        if session:
            message['sessionId'] = session
        os.write(self._commands, json.dumps(message).encode() + b'\0')
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            answer = self._next(deadline, method)
            if answer.get('id') == self._last_id:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']
            self._events.append(answer)

    def events(self, session):
        """Of the session, those that came so far and were not asked for before."""
        mine = [event for event in self._events if event.get('sessionId') == session]
        self._events = [event for event in self._events if event.get('sessionId') != session]
        return mine

    def _next(self, deadline, waited_for):
        while b'\0' not in self._received:
            ready, _, _ = select.select([self._answers], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise TimeoutError(f'no answer to {waited_for} within {ANSWER_SECONDS} s; it said: {self.said()}')
            got = os.read(self._answers, 1 << 16)
            if not got:
                raise RuntimeError(f'the browser ended during {waited_for}; it said: {self.said()}')
            self._received += got
        message, self._received = self._received.split(b'\0', 1)
        return json.loads(message)


class Page:
    """A tab with one file open in it. `problems` is what a reader would call broken, `requests` what it asked for."""

    def __init__(self, browser, path, width=1280, height=1000, dark=False):
        self._browser = browser
        self.url = pathlib.Path(path).resolve().as_uri()
        self._target = browser.call('Target.createTarget', url='about:blank')['targetId']
        self._session = browser.call('Target.attachToTarget', targetId=self._target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')
        self.resize(width, height)
        self.media(dark=dark)
        self.problems, self.requests = [], []
        self.call('Page.navigate', url=self.url)
        self.until('document.readyState === "complete" && location.href !== "about:blank"')

    def close(self):
        self._browser.call('Target.closeTarget', targetId=self._target)

    def call(self, method, **parameters):
        return self._browser.call(method, self._session, **parameters)

    def resize(self, width, height):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, dark=False, kind='screen'):
        self.call('Emulation.setEmulatedMedia', media=kind,
                  features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])

    def evaluate(self, expression):
        """The value of a JavaScript expression, promises awaited."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise AssertionError(f'{expression}: {answer["exceptionDetails"]}')
        return answer['result'].get('value')

    def until(self, condition):
        """Waits for something that the page does by itself."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not self.evaluate(condition):
            if time.monotonic() > deadline:
                raise TimeoutError(condition)
            time.sleep(0.02)

    def point_at(self, x, y):
        self.call('Input.dispatchMouseEvent', type='mouseMoved', x=x, y=y)

    def screenshot(self, path):
        answer = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=True)
        pathlib.Path(path).write_bytes(base64.b64decode(answer['data']))

    def pdf(self):
        return base64.b64decode(self.call('Page.printToPDF', printBackground=True)['data'])

    def listen(self):
        """Sorts what happened until now into problems and requests."""
        self.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))')
        for event in self._browser.events(self._session):
            method, parameters = event['method'], event.get('params', {})
            if method == 'Runtime.exceptionThrown':
                self.problems.append(json.dumps(parameters['exceptionDetails']))
            elif method == 'Runtime.consoleAPICalled' and parameters['type'] in ('error', 'warning', 'assert'):
                self.problems.append(json.dumps(parameters['args']))
            elif method == 'Log.entryAdded':
                self.problems.append(parameters['entry']['text'])
            elif method == 'Network.requestWillBeSent':
                self.requests.append(parameters['request']['url'])
