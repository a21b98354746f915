"""Versions of a network in a repository: written, committed, and what each has."""

import subprocess
from pathlib import Path

SOURCE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.norm = nn.BatchNorm2d(width)
        self.act = nn.ReLU()

    def forward(self, x):
        x = self.conv(x)
        x = self.norm(x)
        return self.act(x)
"""
WIDE = SOURCE.replace("width=8", "width=128")
PARAMS, WIDE_PARAMS = (
    8 * 28 + 16,
    128 * 28 + 256,
)  # of 3x3 kernels on 3 channels with a bias, and norms


def git(*arguments, cwd=None):
    names = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false",
             "-c", "protocol.file.allow=always")  # fmt: skip
    done = subprocess.run(["git", *names, *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(files):
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def commit(files=(), remove=()):
    write(dict(files))
    for name in remove:
        Path(name).unlink()
    git("add", "-A")
    git("commit", "-qm", "one more", "--allow-empty")


REWRITTEN = '"""Another."""\nimport math\n' + "".join(
    f"def helper_{i}(x):\n    return math.sqrt(x) + {i}\n\n" for i in range(40)
)
