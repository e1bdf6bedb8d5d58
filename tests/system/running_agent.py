# SPDX-License-Identifier: Apache-2.0
"""A real agent for one test: own folder, own configuration, and everything it says.

Nothing here sleeps: the agent's notification socket says when it is ready, its log what has happened.
"""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from varlink_client import CallError, Connection  # pylint: disable=wrong-import-position

BUILD = os.environ["BUILD"]
HALLMARK = os.path.join(BUILD, "cli/hallmark")
HALLMARKD = os.path.join(BUILD, "agent/hallmarkd")
DRIVERS = ":".join(os.path.join(BUILD, folder) for folder in ("tests/driver", "tpm", "pkcs11"))
SANITIZED = bool(os.environ.get("SANITIZED"))
PATIENCE = 30  # seconds until something that should have happened counts as failed
SANITIZER = re.compile("(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:")
SIGNER = "io.hallmark.Signer."
ADMIN = "io.hallmark.Admin."
DIGEST = "sha256:" + 32 * "ab"

# The log key has a token of its own, so that what a script does to the other one is not lost on it.
CONFIGURATION = """[Agent]
Origin=tests.invalid/agent
StateDirectory={folder}/state
SignSocket={folder}/sign.sock
AdminSocket={folder}/admin.sock
CheckpointInterval=50ms

[Token steady]
Driver=fake

[Token fake]
Driver=fake
Script={folder}/script
Timeout=20s

[Key log]
Token=steady
Algorithm=ecdsa-p256
Purpose=log

[Grant tests]
Key=log model* [*]
User={user}
Methods=Sign SignLogged Attest OpenRun DescribeRun CreateKey ImportKey RotateKey RetireKey RevokeKey DestroyKey AttestKey Freeze Thaw Approve UnlockToken Reload
"""

IMPATIENT = CONFIGURATION.replace("Timeout=20s", "Timeout=500ms")  # with a token that is to be late


class Log:
    """The lines of a pipe, as they come."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.lines = []
        self.ended = False
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with self.pipe:
            for line in self.pipe:
                with self.changed:
                    self.lines.append(line.decode(errors="replace").rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, text, since=0):
        """Waits for a line with that text after the first @since lines; returns its number."""
        def found():
            return [number for number in range(since, len(self.lines))
                    if text in self.lines[number]]
        with self.changed:
            self.changed.wait_for(lambda: found() or self.ended, PATIENCE)
            if not found():
                raise AssertionError("nobody said \"%s\":\n%s" % (text, self.text()))
            return found()[0]

    def wait_end(self):
        """Until nobody can write any more: the agent and its drivers are gone. What a sanitizer has found
        is a failure whatever else there was."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.ended, PATIENCE):
                raise AssertionError("a process is left:\n" + self.text())
        if SANITIZER.search(self.text()):
            raise AssertionError(self.text())

    def count(self, text):
        return sum(text in line for line in list(self.lines))

    def text(self):
        return "\n".join(self.lines)


def wait_for_exit(pid, seconds=PATIENCE):
    """Until the process is gone, whoever reaps it. False when it does not go."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], seconds)[0])
    finally:
        os.close(pidfd)


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def program_of(pid):
    """The name of its program; empty when it has ended and waits to be reaped."""
    try:
        return os.path.basename(os.readlink("/proc/%d/exe" % pid))
    except FileNotFoundError:
        return ""


class Agent:
    """One agent and its folder. The process can be ended and started again."""

    def __init__(self, folder, configuration=CONFIGURATION):
        self.folder = folder
        self.state = self.path("state")
        self.journal = self.path("state/journal")
        self.environment = dict(os.environ)
        self.process = self.pid = self.log = self.notifications = None
        os.mkdir(self.state)
        self.script("")
        self.configure(configuration)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def configure(self, configuration):
        self.write("hallmark.conf", configuration.format(folder=self.folder, user=os.getuid()))

    def configuration(self):
        with open(self.path("hallmark.conf"), encoding="utf-8") as file:
            return file.read()

    def script(self, text):
        """What the next processes of the token `fake` do."""
        self.write("script", text)

    def command(self):
        return [HALLMARKD, "--config", self.path("hallmark.conf"), "--drivers", DRIVERS]

    def spawn(self, wrapper=()):
        """Starts the process without waiting for anything."""
        notify = self.path("notify.sock")
        if os.path.exists(notify):
            os.unlink(notify)
        if self.notifications:
            self.notifications.close()
        self.notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notifications.bind(notify)
        self.process = subprocess.Popen(
            list(wrapper) + self.command(), env=dict(self.environment, NOTIFY_SOCKET=notify),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.log = Log(self.process.stderr)
        self.pid = self.process.pid

    def wait_notification(self, text, seconds=PATIENCE):
        """The next notification with that line in it. None if the process ends before."""
        pidfd = os.pidfd_open(self.process.pid)
        try:
            while True:
                ready, _, _ = select.select([self.notifications, pidfd], [], [], seconds)
                if self.notifications in ready:
                    said = self.notifications.recv(65536).decode()
                    if text in said.split("\n"):
                        return said
                elif pidfd in ready:
                    return None
                else:
                    raise AssertionError("no %s:\n%s" % (text, self.log.text()))
        finally:
            os.close(pidfd)

    def start(self, *tokens, wrapper=()):
        """Starts the agent and waits until it serves and those tokens are ready."""
        self.spawn(wrapper)
        if not self.wait_notification("READY=1"):
            raise AssertionError("ended with %d:\n%s" % (self.process.wait(), self.log.text()))
        if wrapper:
            self.pid = self.status()["pid"]
        for token in tokens:
            self.log.wait("token %s is ready" % token)
        return self

    def refuse_to_start(self):
        """Starts an agent that is expected to end at once; returns exit status and last line."""
        self.spawn()
        if self.wait_notification("READY=1"):
            raise AssertionError("it started:\n" + self.log.text())
        status = self.process.wait(PATIENCE)
        self.log.wait_end()
        return status, self.log.lines[-1] if self.log.lines else ""

    def wait(self):
        """The exit status of the process, which ends by itself."""
        status = self.process.wait(PATIENCE)
        self.log.wait_end()
        return status

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def clean_up(self):
        if self.process and self.process.poll() is None:
            # A tracer goes when what it traces has gone.
            for pid in children(self.process.pid) + [self.process.pid]:
                if pid == self.process.pid or program_of(pid) == "hallmarkd":
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
        if self.notifications:
            self.notifications.close()
            self.log.wait_end()

    def drivers(self, program):
        """The processes of drivers of that kind: "tpm", "pkcs11", "fake"."""
        return [pid for pid in children(self.pid) if program_of(pid) == "hallmark-" + program]

    def memory(self):
        """Bytes that the agent has in RAM."""
        with open("/proc/%d/statm" % self.pid, encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def connect(self, timeout=PATIENCE):
        return Connection(self.path("sign.sock"), timeout)

    def admin(self, method, **parameters):
        with Connection(self.path("admin.sock"), PATIENCE) as connection:
            return connection.call(ADMIN + method, **parameters)

    def create_key(self, name, token="fake", algorithm="ecdsa-p256"):
        return self.admin("CreateKey", name=name, token=token, algorithm=algorithm)["key"]

    def sign(self, key="model", digest=DIGEST, **more):
        with self.connect() as connection:
            return connection.call(SIGNER + "Sign", key=key, digest=digest, **more)

    def status(self):
        return self.admin("Status")

    def token(self, name):
        return next(token for token in self.status()["tokens"] if token["name"] == name)

    def records(self, *types):
        """The records of those types, or all, as (index, record)."""
        shown = subprocess.run([HALLMARK, "journal", "show", "--json", self.journal], check=True,
                               stdout=subprocess.PIPE, timeout=120).stdout.decode()
        lines = [json.loads(line) for line in shown.splitlines()]
        return [(line["index"], line["record"]) for line in lines
                if "record" in line and (not types or line["record"]["type"] in types)]

    def keep_keyring(self):
        """Keeps the key ring for verify(), as an auditor would."""
        with self.connect() as connection:
            self.write("keyring", connection.call(SIGNER + "GetKeyRing", unsigned=True)["keyRing"])

    def verify(self, *options, since=None, policy=None):
        """`hallmark journal verify`: exit status and what it said."""
        done = subprocess.run(
            [HALLMARK, "journal", "verify", "--keyring", self.path("keyring")] +
            ["--since", since] * bool(since) + ["--policy", policy] * bool(policy) + [*options, self.journal],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
        return done.returncode, done.stdout.decode()


class AgentTest(unittest.TestCase):
    """A test with a folder of its own, and agents in it."""

    maxDiff = None

    def new_folder(self):
        # Short, whatever TMPDIR is: the path of a Unix socket has at most 107 bytes.
        folder = tempfile.mkdtemp(prefix="hallmark.", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def agent(self, configuration=CONFIGURATION):
        agent = Agent(self.new_folder(), configuration)
        self.addCleanup(agent.clean_up)
        return agent

    def signing_agent(self, configuration=CONFIGURATION):
        """An agent whose key `model` is in the token `fake`."""
        agent = self.agent(configuration).start("steady", "fake")
        agent.create_key("model")
        agent.keep_keyring()
        return agent

    def expect_error(self, name, words, call, *arguments, **parameters):
        """The call fails with that error, whose reason has those words."""
        with self.assertRaises(CallError) as caught:
            call(*arguments, **parameters)
        self.assertEqual(caught.exception.name.rpartition(".")[2], name, str(caught.exception))
        self.assertIn(words, caught.exception.parameters.get("reason", ""))
        return caught.exception

    def expect_good_journal(self, agent):
        status, said = agent.verify()
        self.assertEqual(status, 0, said + agent.log.text())


def as_user(running, uid, method, **parameters):
    """The call of an operator by a process of that user: its reply, or its error."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = ["OSError", {"reason": "no user"}]
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            with Connection(running.path("admin.sock"), PATIENCE) as connection:
                said = [None, connection.call(ADMIN + method, **parameters)]
        except CallError as error:
            said = [error.name, error.parameters]
        except (OSError, EOFError) as error:
            said = ["OSError", {"reason": str(error)}]
        finally:
            os.write(writer, json.dumps(said).encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        name, parameters = json.loads(pipe.read())
    os.waitpid(child, 0)
    if name:
        raise CallError(name, parameters)
    return parameters


def eventually(condition, what, seconds=PATIENCE):
    """For what announces itself in no log: asks again and again, and each question takes the agent a turn."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("never: " + what)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            print("no " + program)
            sys.exit(77)


def main():
    # Clean up when the time is up, too.
    def interrupt(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)
    unittest.main(verbosity=2 if os.environ.get("VERBOSE") else 1)
