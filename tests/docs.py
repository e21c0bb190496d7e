#!/usr/bin/env python3
"""What the documents promise to a reader, as far as it can be checked without running it: every link and every file
that they name is there, no pasted output is that of a shell that did not find a command, every rule has its twins, its
page and its rows, and the hook and the rule that the README adds are accepted by the compiler in a copy of this tree,
each in less than 15 lines of C."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:shim|tools|tests|docs|demo|include)/[\w./*-]*\w)`")
# What a reader is told to make.
MADE_BY_THE_READER = ("small-backlog",)

complaints: list[str] = []


def headings(page: Path) -> set[str]:
    """The anchors of a page, as forges make them of its headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def check_page(page: Path) -> None:
    text = page.read_text()
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    name = page.relative_to(ROOT)
    for link in LINK.findall(prose):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists():
            complaints.append(f"{name}: nothing is at {link}")
        elif anchor and anchor not in headings(target):
            complaints.append(f"{name}: {link} is no heading")
    for path in NAMED.findall(text):
        if not any(word in path for word in MADE_BY_THE_READER) and not list(ROOT.glob(path)):
            complaints.append(f"{name}: there is no {path}")
    if re.search(r"command not found|No such file or directory$", text, re.M):
        complaints.append(f"{name}: shows a command that did not run")


def block_with(text: str, word: str) -> str:
    blocks = [block for block in re.findall(r"```c\n(.*?)```", text, re.S) if word in block]
    if not blocks:
        sys.exit(f"docs: the README has no block of C with {word}")
    return str(blocks[0])


def check_recipes() -> None:
    readme = (ROOT / "README.md").read_text()
    row = re.search(r"`(HOOK\(sockatmark.*?\))`", readme)
    hook = block_with(readme, "int sockatmark(")
    rule_row = block_with(readme, "RULE(small_backlog")
    rule = block_with(readme, "spy_rule_small_backlog(")
    if row is None:
        sys.exit("docs: the README has no row of a hook")
    for what, lines in (("a hook", row[1] + "\n" + hook), ("a rule", rule_row + rule)):
        if lines.count("\n") >= 15:
            complaints.append(f"README.md: {what} takes {lines.count(chr(10))} lines")
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        for folder in ("include", "shim"):
            shutil.copytree(ROOT / folder, tree / folder)
        for table, end, line in (("hooks.def", "#undef HOOK", row[1]), ("rules.def", "#undef RULE", rule_row)):
            path = tree / "include/tcpwaitspy" / table
            path.write_text(path.read_text().replace(end, f"{line}\n{end}"))
        sources = (("shim/hooks/setup.c", hook), ("shim/core/rules_setup.c", rule), ("shim/core/rules.c", ""))
        for source, body in sources:
            (tree / source).write_text((tree / source).read_text() + "\n" + body)
            command = ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", source]
            done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                complaints.append(f"README.md: {source} with its example does not compile:\n{done.stderr}")


def check_rules() -> None:
    table = (ROOT / "include/tcpwaitspy/rules.def").read_text()
    for rule, severity in re.findall(r'^RULE\(\w+, "([\w-]+)", (\w+),', table, re.M):
        for file in (f"docs/rules/{rule}.md", f"demo/twins/{rule}.bad.c", f"demo/twins/{rule}.good.c"):
            if not (ROOT / file).exists():
                complaints.append(f"rules.def: {rule} has no {file}")
        rows = {"README.md": f"| [`{rule}`](docs/rules/{rule}.md) |", "docs/rules/README.md": f"| [{rule}]({rule}.md) |"}
        for page, row in rows.items():
            if f"{row} {severity.lower()} |" not in (ROOT / page).read_text():
                complaints.append(f"{page}: has no row for {rule} as {severity.lower()}")


def main() -> int:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        check_page(page)
    check_recipes()
    check_rules()
    for complaint in complaints:
        print(f"docs: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
