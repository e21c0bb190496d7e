"""OpenSSH that forwards ports, Exim that takes mail, rsync that serves files: a process for each connection."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import nginx
import web
from stage import Stage, Unavailable, blur, digest, free_port, until, wait_listening

PYTHON = "/usr/bin/python3"

LETTERS = """
import smtplib, sys
for number in range(6):
    server = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
    server.sendmail("a@example.org", ["b@localhost"], "Subject: %d\\r\\n\\r\\nhello\\r\\n" % number)
    try:
        server.sendmail("a@example.org", ["b@example.com"], "no")
    except smtplib.SMTPRecipientsRefused as error:
        print(error)
    server.quit()
"""


def ssh(stage: Stage) -> None:
    """Commands, copies, and the three ways to forward a port, on which another server is asked."""
    stage.need("ssh", "scp", "ssh-keygen", "nginx", "ab", "curl")
    if os.geteuid() != 0 or not Path("/usr/sbin/sshd").exists():
        raise Unavailable("sshd is not installed, or cannot log in root")
    directory, port, back = stage.directory("ssh"), free_port(), free_port()
    Path("/run/sshd").mkdir(exist_ok=True)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)], check=True)
    config = directory / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {directory}/host\nAuthorizedKeysFile {directory}/user.pub\n"
        "StrictModes no\nUsePAM no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\nUseDNS no\nPidFile none\n",
        encoding="utf-8",
    )
    options = ["-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    options += ["-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-i", str(directory / "user")]
    to, nowhere = [*options, "-p", str(port), "root@127.0.0.1"], [*options, "-p", str(free_port()), "root@127.0.0.1"]
    (directory / "file").write_bytes(bytes(range(256)) * 8192)
    with web.behind(stage, back), stage.serving(["/usr/sbin/sshd", "-D", "-e", "-f", str(config)], port) as server:
        stage.say("ssh/command", stage.run(["ssh", *to, "wc -c; exit 7"], "hello\n" * 5000).told())
        for way in ("-s", "-O"):
            copy = directory / f"copy{way}"
            ran = stage.run(["scp", way, *options, "-P", str(port), str(directory / "file"), f"root@127.0.0.1:{copy}"])
            stage.say(f"ssh/scp {way}", f"{ran.told()}{digest(copy.read_bytes())}")
        forward(stage, to, back)
        stage.say("ssh/refused", blur(stage.run(["ssh", *nowhere, "true"]).told()))
        stage.say("ssh/wrong user", stage.run(["ssh", *to[:-1], "nosuch@127.0.0.1", "true"]).told())
        stage.say("ssh/ends", f"status {server.stop().status}")


def forward(stage: Stage, to: list[str], back: int) -> None:
    local, remote, dynamic = free_port(), free_port(), free_port()
    ways = ["-L", f"127.0.0.1:{local}:127.0.0.1:{back}", "-R", f"127.0.0.1:{remote}:127.0.0.1:{back}"]
    tunnel = stage.popen(["ssh", "-N", *ways, "-D", f"127.0.0.1:{dynamic}", *to])
    for port in (local, remote, dynamic):
        wait_listening(port, lambda: tunnel.poll() is None)
    for name, port in (("-L", local), ("-R", remote)):
        stage.say(f"ssh/{name}", web.bench(stage, f"http://127.0.0.1:{port}/small", "-n", "150", "-c", "5"))
        stage.say(f"ssh/{name} large", nginx.fetch(stage, f"http://127.0.0.1:{port}/large"))
        stage.say(f"ssh/{name} cut", nginx.fetch(stage, f"http://127.0.0.1:{port}/cut"))
    proxy = ["--socks5", f"127.0.0.1:{dynamic}"]
    stage.say("ssh/-D large", nginx.fetch(stage, f"http://127.0.0.1:{back}/large", *proxy))
    tunnel.terminate()
    tunnel.communicate(timeout=30)
    stage.say("ssh/tunnel ends", f"status {tunnel.returncode}")


def exim(stage: Stage) -> None:
    stage.need("exim4")
    stage.need_user("Debian-exim")
    directory, port = stage.directory("exim"), free_port()
    subprocess.run(["chown", "Debian-exim:", str(directory)], check=True)
    config, box = directory / "exim.conf", directory / "box"
    config.write_text(
        f"exim_user=Debian-exim\nexim_group=Debian-exim\nspool_directory={directory}\n"
        f"log_file_path={directory}/log_%s\n"
        "keep_environment=LD_PRELOAD:TCPWAITSPY_OPTIONS\ntls_advertise_hosts=\nprimary_hostname=localhost\n"
        "acl_smtp_rcpt=check\ndomainlist ours=localhost\nbegin acl\ncheck:\n accept domains=+ours\n"
        " deny message=relay not permitted\nbegin routers\nall:\n driver=accept\n transport=file\nbegin transports\n"
        f"file:\n driver=appendfile\n file={box}\n user=Debian-exim\n",
        encoding="utf-8",
    )
    listen = ["-oX", f"<; [127.0.0.1]:{port}", "-oP", str(directory / "pid")]
    with stage.serving(["exim4", "-C", str(config), "-bdf", *listen], port) as server:
        stage.say("exim/letters", stage.run([PYTHON, "-c", LETTERS, str(port)]).told())
        until(lambda: box.exists() and box.read_text(encoding="utf-8").count("Subject: ") == 6, "the letters", 40)
        stage.say("exim/box", "\n".join(sorted(re.findall("Subject: .*", box.read_text(encoding="utf-8")))))
        stage.say("exim/cut off", stage.run(["nc", "-N", "127.0.0.1", str(port)], "EHLO x\r\n").out.splitlines()[-1])
        stage.say("exim/ends", f"status {server.stop().status}")


def rsync(stage: Stage) -> None:
    """A daemon that changes its root and its user for each client."""
    stage.need("rsync")
    if os.geteuid() != 0:
        raise Unavailable("rsync changes its root")
    directory, port = stage.directory("rsync"), free_port()
    files = stage.directory("files")
    for number in range(40):
        (files / f"file{number}").write_bytes(bytes([number]) * 30000)
    config = directory / "rsyncd.conf"
    config.write_text(
        f"port={port}\naddress=127.0.0.1\nuse chroot=yes\nuid=nobody\ngid=nogroup\nlog file={directory}/log\n"
        f"pid file={directory}/pid\n[files]\npath={files}\nread only=yes\n",
        encoding="utf-8",
    )
    at = f"rsync://127.0.0.1:{port}"
    with stage.serving(["rsync", "--daemon", "--no-detach", f"--config={config}"], port) as server:
        stage.say("rsync/modules", stage.run(["rsync", f"{at}/"]).told())
        for number in range(3):
            copy = ["rsync", "-a", "-c", f"{at}/files/", f"{directory}/copy/"]
            stage.say(f"rsync/copy {number}", stage.run(copy).told())
        stage.say("rsync/copied", str(len(list((directory / "copy").iterdir()))))
        stage.say("rsync/no such module", blur(stage.run(["rsync", f"{at}/nosuch/"]).told()))
        stage.say("rsync/ends", f"status {server.stop(signal.SIGTERM).status}")
