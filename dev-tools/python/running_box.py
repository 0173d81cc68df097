"""Starts the built service on a data folder of its own, without a node, and claims it."""

import http.client
import json
import os
import pathlib
import re
import ssl
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/debug/anyad"
START_SECONDS = 120


class RunningBox:
    """A box that stops, and whose data is gone, when the `with` block ends.

    `url` is its address, `api_key` an administrator's key, `trust` an SSL context that trusts its own
    authority and no other.
    """

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="anya-box-")
        data = pathlib.Path(self._folder.name) / "box"
        self._log = open(data.with_suffix(".log"), "w+")
        models = os.environ.get("ANYA_TEST_MODELS") or self._fetched("models")
        self._process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--no-bitcoin", "--data-dir", data, "--models-dir", models],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )
        try:
            banner = self._read_banner()
            self.url = banner["Address"]
            self.trust = ssl.create_default_context(cafile=data / "tls/ca.crt")
            self.api_key = self._claim(banner["Claim code"])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(START_SECONDS)
        self._process.stdout.close()
        self._log.close()
        self._folder.cleanup()

    def request(self, method, path, body=None, headers=()):
        """Sends JSON; gives status, headers and the decoded answer."""
        host, port = re.fullmatch(r"https://([^:/]+):(\d+)/?", self.url).groups()
        connection = http.client.HTTPSConnection(host, int(port), context=self.trust, timeout=START_SECONDS)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json", **dict(headers)})
            response = connection.getresponse()
            return response.status, response.headers, json.loads(response.read() or "null")
        finally:
            connection.close()

    @staticmethod
    def _fetched(script):
        return subprocess.check_output([ROOT / "dev-tools/fetch" / script], text=True).strip()

    def _read_banner(self):
        """The `label: value` lines up to the last one, `Node`."""
        overdue = threading.Timer(START_SECONDS, self._process.kill)
        overdue.start()
        banner = {}
        try:
            while "Node" not in banner:
                line = self._process.stdout.readline()
                if not line:
                    self._log.seek(0)
                    raise RuntimeError(f"the box did not start:\n{self._log.read()}")
                label, _, value = line.strip().partition(":")
                banner[label] = value.strip()
        finally:
            overdue.cancel()
        return banner

    def _claim(self, code):
        owner = {"code": code, "username": "ada", "password": "correct horse battery staple"}
        status, headers, answer = self.request("POST", "/api/v1/access/claim", owner)
        assert status == 201, answer
        cookie = headers["Set-Cookie"].partition(";")[0]
        status, _, answer = self.request("POST", "/api/v1/access/api-keys", {"label": "openai"}, {"Cookie": cookie})
        assert status == 201, answer
        return answer["secret"]
